// Tracer: is told what becomes of messages that are traced, so that spans can be made of it (H4).
//
//   class Spans : public Tracer {
//     void OnAppended(const AppendTrace& trace) override {
//       spans_.Record("wal.append", trace.context, trace.total, trace.status);
//     }
//     void OnDelivered(const DeliveryTrace& trace) override { ... }
//   };
//   Environment environment{.tracer = &spans};
//   ... MutableMessage::Builder(...).Property(kTraceProperty, "00-4bf92f3577b34da6...-01") ...
//
// A message is traced if it has the property kTraceProperty: whoever appends it decides what is
// worth it.  Its value is the writer's, W3C's trace context or whatever the embedder's tracing
// takes: the log looks at no byte of it, stores it with the message, and gives it to every reader,
// so a consumer's span can go on from it.  The log's own time ticks are not traced.
//
// What is not traced costs a comparison, and with a tracer a look at its properties.
#ifndef TIDELOG_WAL_TRACER_H_
#define TIDELOG_WAL_TRACER_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "wal/message/message.h"
#include "wal/message/record.h"
#include "wal/types.h"

namespace tidelog {

inline constexpr std::string_view kTraceProperty = "traceparent";

// One message that was to be appended, whatever became of it.  All durations end now: a span begins
// at the present less `total`.  Valid during the call.
struct AppendTrace {
  const PChannel& channel;
  const RecordView& record;        // As it is stored, or would have been.
  std::string_view context;        // Its kTraceProperty.
  absl::Duration total;            // Since the append came to the channel's executor.
  absl::Duration in_interceptors;  // Of that: waiting there,
  std::string_view interceptor;    // for the last time in this one; empty: it did not wait.
  absl::Duration in_queue;         // Behind others that had to be handed over again first.
  absl::Duration at_backend;       // Since it was handed over first, all attempts included.
  int attempts;                    // How often it was handed over.
  TimeTick tick;                   // 0: it was never handed over.
  const absl::Status& status;      // OK: it is stored.  By its code: not done, or unknown (C2).
};

// One message that a reader has been given.  A transaction is one, with its commit's context.
struct DeliveryTrace {
  const PChannel& channel;
  const ImmutableMessage& message;
  std::string_view context;  // Its kTraceProperty.
};

// Implemented by the embedder.  Safe from any thread; called on the channel's executor: must not
// block and must not call the log.
class Tracer {
 public:
  virtual ~Tracer() = default;

  // An append has come to its end, before its caller is told; of a batch, once for each message
  // that is traced.  A caller who was told at his deadline has been told less than this.  What
  // repeats an idempotency key is not appended, and not told of (G4).
  virtual void OnAppended(const AppendTrace& trace) = 0;

  // A reader is about to be given it, by Scanner::Next(); once for each reader.
  virtual void OnDelivered(const DeliveryTrace& trace) { (void)trace; }
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_TRACER_H_
