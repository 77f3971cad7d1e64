// SwitchFinder: finds out, while a log is replayed, that it ended there and goes on elsewhere (G6).
#ifndef TIDELOG_ADAPTOR_CHAIN_SWITCH_FINDER_H_
#define TIDELOG_ADAPTOR_CHAIN_SWITCH_FINDER_H_

#include "adaptor/recovery/recovery_observer.h"
#include "wal/message/message.h"
#include "wal/types.h"

namespace tidelog::adaptor {

// Confined to the channel's executor.
class SwitchFinder final : public RecoveryObserver {
 public:
  void OnReplayed(const ImmutableMessage& message) override {
    if (end_.has_value()) is_followed_ = true;
    if (message.type() == MessageType::kAlterWal) end_ = message;
  }

  // The AlterWAL record; no value: there is none.
  const ImmutableMessage& end() const { return end_; }
  // Something lies behind it, where nothing may.
  bool is_followed() const { return is_followed_; }

 private:
  ImmutableMessage end_;
  bool is_followed_ = false;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_CHAIN_SWITCH_FINDER_H_
