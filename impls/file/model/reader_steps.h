// What a reader in another process may do next.
#ifndef TIDELOG_IMPLS_FILE_MODEL_READER_STEPS_H_
#define TIDELOG_IMPLS_FILE_MODEL_READER_STEPS_H_

#include "impls/file/model/setting.h"
#include "impls/file/model/state.h"
#include "impls/file/model/step.h"

namespace tidelog::impls::file::model {

// Made for one state; what it is given must outlive it.
class ReaderSteps {
 public:
  ReaderSteps(const Setting& setting, const State& state, Emit emit)
      : setting_(setting), state_(state), emit_(emit), next_(state) {}

  // Emits each of them.
  void Take();

 private:
  void Refresh();
  void OpenPlace();
  void Deliver();
  void MeetDamage();
  void Learn(const Manifest& manifest);
  bool IsNewer(const Manifest* manifest) const;
  const Listed* NextListed() const;
  void Done(Step step, Outcome outcome = Outcome::kFine, Broken broken = Broken::kNothing);

  Reader& self() { return next_.reader; }

  const Setting& setting_;
  const State& state_;
  const Emit emit_;
  State next_;
};

}  // namespace tidelog::impls::file::model

#endif  // TIDELOG_IMPLS_FILE_MODEL_READER_STEPS_H_
