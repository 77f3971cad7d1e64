// Probes: what an exploration has to come by, or its invariants hold for want of anything
// happening.
#ifndef TIDELOG_IMPLS_FILE_MODEL_PROBE_H_
#define TIDELOG_IMPLS_FILE_MODEL_PROBE_H_

#include <span>
#include <string_view>

#include "impls/file/model/setting.h"
#include "impls/file/model/state.h"
#include "impls/file/model/step.h"

namespace tidelog::impls::file::model {

struct Probe {
  std::string_view name;
  std::string_view says;
  std::string_view scope;  // That has to come by it.
  bool (*reached)(const Setting& setting, const State& state, const Label& label);
};

std::span<const Probe> Probes();

}  // namespace tidelog::impls::file::model

#endif  // TIDELOG_IMPLS_FILE_MODEL_PROBE_H_
