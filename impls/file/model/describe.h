// Steps and explorations in words.
#ifndef TIDELOG_IMPLS_FILE_MODEL_DESCRIBE_H_
#define TIDELOG_IMPLS_FILE_MODEL_DESCRIBE_H_

#include <string>
#include <vector>

#include "impls/file/model/explorer.h"
#include "impls/file/model/protocol.h"
#include "impls/file/model/setting.h"

namespace tidelog::impls::file::model {

// "P2 (term 2)  swaps TERM: 1/1 -> 2/1                     TermFile::Claim"
std::string Describe(const Setting& setting, const TraceStep<Protocol>& step);

// A numbered line a step, and what broke.
std::string Describe(const Setting& setting, const std::vector<TraceStep<Protocol>>& trace);

}  // namespace tidelog::impls::file::model

#endif  // TIDELOG_IMPLS_FILE_MODEL_DESCRIBE_H_
