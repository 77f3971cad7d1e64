#include "adaptor/reading/term_order.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "wal/message/message_factory.h"
#include "wal/message/record.h"
#include "wal/observer.h"
#include "wal/status.h"

namespace tidelog::adaptor {

absl::StatusOr<bool> TermOrder::Take(const ImmutableMessage& message) {
  if (last_id_.has_value() && !BeforeWithinLog(last_id_, message.id())) return false;
  last_id_ = message.id();
  if (message.term() < highest_term_) {
    ++violation_count_;
    log_.Report(Event::Kind::kTermViolation,
                absl::StrCat("record ", message.id().ToString(), " of ", log_.channel.name,
                             " is of term ", ToInt(message.term()), " and lies behind one of term ",
                             ToInt(highest_term_), ": it is dropped"));
    return false;
  }
  highest_term_ = message.term();
  if (MessageFactory::IsFence(message.record())) return false;
  const bool is_chunk = (message.record().flags() & kHasChunk) != 0;
  const bool behind_chunk = std::exchange(last_is_chunk_, is_chunk);
  const bool goes_on = message.time_tick() == last_tick_ && behind_chunk && is_chunk &&
                       message.record().chunk()->index > 0;
  if (message.time_tick() <= last_tick_ && !goes_on) {
    return WalError(
        WalErrorCode::kCorrupt,
        absl::StrCat("record ", message.id().ToString(), " of ", log_.channel.name, " has tick ",
                     ToInt(message.time_tick()), ", which is not above that of the record before, ",
                     ToInt(last_tick_)));
  }
  last_tick_ = message.time_tick();
  return true;
}

}  // namespace tidelog::adaptor
