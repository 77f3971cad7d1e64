// The protocol of the file log as a machine that Explore() can take apart.
#ifndef TIDELOG_IMPLS_FILE_MODEL_PROTOCOL_H_
#define TIDELOG_IMPLS_FILE_MODEL_PROTOCOL_H_

#include "impls/file/model/setting.h"
#include "impls/file/model/state.h"
#include "impls/file/model/step.h"

namespace tidelog::impls::file::model {

// Thread-compatible.
class Protocol {
 public:
  using State = model::State;
  using Label = model::Label;

  explicit Protocol(const Setting& setting);

  State Initial() const;
  // Calls `emit` with whatever may happen next.
  void ForEachNext(const State& state, Emit emit) const;
  // True if nothing more can happen that anybody would learn from.
  bool IsOver(const State& state) const;
  Broken Judge(const State& state, const Label& label) const;

  const Setting& setting() const { return setting_; }

 private:
  void LoseManifest(const State& state, Emit emit) const;
  void Crash(const State& state, Emit emit) const;

  const Setting setting_;
};

}  // namespace tidelog::impls::file::model

#endif  // TIDELOG_IMPLS_FILE_MODEL_PROTOCOL_H_
