// What an exploration is about: a scope, and the rules that are left out.
#ifndef TIDELOG_IMPLS_FILE_MODEL_SETTING_H_
#define TIDELOG_IMPLS_FILE_MODEL_SETTING_H_

#include "absl/functional/function_ref.h"
#include "impls/file/model/rule.h"
#include "impls/file/model/scope.h"
#include "impls/file/model/state.h"
#include "impls/file/model/step.h"

namespace tidelog::impls::file::model {

struct Setting {
  Scope scope;
  RuleSet left_out;

  bool Holds(Rule rule) const { return !left_out.Has(rule); }
};

// Takes a state that may come next, and the step that leads to it.
using Emit = absl::FunctionRef<void(const State& next, const Label& label)>;

}  // namespace tidelog::impls::file::model

#endif  // TIDELOG_IMPLS_FILE_MODEL_SETTING_H_
