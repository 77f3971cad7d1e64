#include "impls/file/model/check.h"

#include "impls/file/model/probe.h"

namespace tidelog::impls::file::model {

Verdict Check(const Setting& setting, uint64_t states_max) {
  const Protocol protocol(setting);
  std::vector<const Probe*> awaited;
  for (const Probe& probe : Probes()) {
    if (probe.scope == setting.scope.name) awaited.push_back(&probe);
  }
  Verdict verdict;
  Explorer<Protocol> explorer(protocol);
  verdict.exploration =
      explorer.Run(states_max, [&](const State& state, const Label& label, bool fresh) {
        // The state itself was judged when it was reached first; the step was not.
        verdict.broken = fresh ? protocol.Judge(state, label) : label.broken;
        if (!fresh || verdict.broken != Broken::kNothing) return verdict.broken != Broken::kNothing;
        std::erase_if(awaited, [&](const Probe* probe) {
          if (!probe->reached(setting, state, label)) return false;
          verdict.reached.push_back(probe->name);
          return true;
        });
        return false;
      });
  return verdict;
}

}  // namespace tidelog::impls::file::model
