// What becomes of traced appends, for the Tracer (H4).
#ifndef TIDELOG_ADAPTOR_APPEND_APPEND_TRACING_H_
#define TIDELOG_ADAPTOR_APPEND_APPEND_TRACING_H_

#include "adaptor/append/append_run.h"
#include "adaptor/interceptors/append_op.h"
#include "adaptor/interceptors/interceptor_chain.h"
#include "adaptor/log/log_context.h"

namespace tidelog::adaptor {

// Whether some message of it is traced.
bool IsTraced(const AppendOp& op);

// Tells the log's tracer of each message of `run` that is.  Requires: the log has one; `run` was
// timed, has come to its end, and still has its messages.
void TellTracer(const LogContext& log, InterceptorChain& chain, const AppendRun& run);

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_APPEND_APPEND_TRACING_H_
