// LogContext: what every part of one open log needs to know.
#ifndef TIDELOG_ADAPTOR_LOG_LOG_CONTEXT_H_
#define TIDELOG_ADAPTOR_LOG_LOG_CONTEXT_H_

#include <string>
#include <utility>

#include "adaptor/options.h"
#include "wal/async/executor.h"
#include "wal/async/runtime.h"
#include "wal/observer.h"
#include "wal/tracer.h"
#include "wal/types.h"

namespace tidelog::adaptor {

// Constant.  What it points to outlives the log; the log outlives its parts.
struct LogContext {
  PChannel channel;
  Runtime* runtime;
  Executor* strand;
  Observer* observer;
  Tracer* tracer;  // Null: nothing is traced.
  LogOptions options;

  void Report(Event::Kind kind, std::string text) const {
    const Event event{kind, channel, std::move(text)};
    observer->OnEvent(event);
  }
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_LOG_LOG_CONTEXT_H_
