// Scopes: how much may happen in an exploration.
#ifndef TIDELOG_IMPLS_FILE_MODEL_SCOPE_H_
#define TIDELOG_IMPLS_FILE_MODEL_SCOPE_H_

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "impls/file/model/state.h"

namespace tidelog::impls::file::model {

using Each = std::array<uint8_t, kProcesses>;

// The first process owns the channel when the exploration begins, and has acknowledged a record;
// the others open it, whenever they like.  Every process may stop for ever anywhere: it takes no
// further step then.
struct Scope {
  std::string_view name;
  std::string_view says;
  int processes = 2;
  Each terms = {1, 2, 3, 4};
  // How many of these each of them may do.
  Each appends = {};
  Each ticks = {};  // That move the watermark of an idle log.
  Each rolls = {};
  Each truncations = {};
  Each closes = {};
  uint8_t crashes = 0;  // Of the machine: every process stops, and what is dirty may land or not.
  uint8_t fails = 0;    // Syncs that fail: what is dirty may land or not, and is clean after that.
  bool names_fail = false;  // Syncs of the directory may fail, too.
  bool reader = false;
  bool sweeps = false;
  bool recycles = false;
  uint8_t blocks = 0;    // Of the disk; 0: as many as are needed.  A file takes one.
  bool sparse = false;   // Nothing is preallocated: each group takes a block.
  uint8_t losses = 0;    // Of the newest manifest, by no fault of the log.
  bool new_log = false;  // Nobody has ever opened it.
};

// Explored whole by model_test.
std::span<const Scope> SmallScopes();
// Explored whole by long_model_test.
std::span<const Scope> LargeScopes();
// Null if there is none of that name.
const Scope* FindScope(std::string_view name);

}  // namespace tidelog::impls::file::model

#endif  // TIDELOG_IMPLS_FILE_MODEL_SCOPE_H_
