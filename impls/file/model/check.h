// Check(): explores a scope, judges every state, and notes which probes were reached.
#ifndef TIDELOG_IMPLS_FILE_MODEL_CHECK_H_
#define TIDELOG_IMPLS_FILE_MODEL_CHECK_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "impls/file/model/explorer.h"
#include "impls/file/model/protocol.h"
#include "impls/file/model/setting.h"
#include "impls/file/model/step.h"

namespace tidelog::impls::file::model {

struct Verdict {
  Broken broken = Broken::kNothing;
  // How many states there are, how many steps lead from one to another, and whether that is all.
  Exploration<Protocol> exploration;
  std::vector<std::string_view> reached;  // Names of the scope's probes.
};

// Stops at the first state in which something is broken, or with more than `states_max`.
Verdict Check(const Setting& setting, uint64_t states_max = UINT32_MAX - 1);

}  // namespace tidelog::impls::file::model

#endif  // TIDELOG_IMPLS_FILE_MODEL_CHECK_H_
