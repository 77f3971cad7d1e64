// Whether a log may go on at a place that it was not in before (G6).
#ifndef TIDELOG_ADAPTOR_CHAIN_SWITCH_TARGET_H_
#define TIDELOG_ADAPTOR_CHAIN_SWITCH_TARGET_H_

#include "absl/status/status.h"
#include "adaptor/chain/older_link.h"
#include "wal/async/future.h"

namespace tidelog::adaptor {

// OK: it holds no log of that name, and takes one: the next owner can go there.  Makes none.
//   kInvalidArgument    it holds one already; or it cannot hold one, as it is
//   kResourceExhausted, kUnavailable, kOnShutdown
// As what is done to an older link: on options.strand, and not bounded in time.
Future<absl::Status> PrepareTarget(LinkPlace place);

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_CHAIN_SWITCH_TARGET_H_
