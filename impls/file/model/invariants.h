// What must hold in every state: of the log as anybody would find it who looked now.
#ifndef TIDELOG_IMPLS_FILE_MODEL_INVARIANTS_H_
#define TIDELOG_IMPLS_FILE_MODEL_INVARIANTS_H_

#include "impls/file/model/setting.h"
#include "impls/file/model/state.h"
#include "impls/file/model/step.h"

namespace tidelog::impls::file::model {

// What the newest manifest says is there, by id.
struct Visible {
  uint8_t first = 1;          // Ids below are truncated.
  uint8_t values[kIds] = {};  // 0: nothing, or it cannot be read.
};
Visible VisibleIn(const Setting& setting, const State& state, const List& list);

Broken Judge(const Setting& setting, const State& state);

}  // namespace tidelog::impls::file::model

#endif  // TIDELOG_IMPLS_FILE_MODEL_INVARIANTS_H_
