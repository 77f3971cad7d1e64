// What a backend may rely on in a Group.
#ifndef TIDELOG_WALIMPLS_HELPER_GROUP_CHECK_H_
#define TIDELOG_WALIMPLS_HELPER_GROUP_CHECK_H_

#include "walimpls/wal.h"

namespace tidelog::walimpls {

// Aborts, saying which limit it is and the values, if `group` is empty or above one of `traits`:
// the caller refuses such messages with kTooLarge long before (B4), so here it is a bug, and
// storing half of it or telling it from a failure of storage would only hide that.
void CheckGroup(const Traits& traits, const Group& group);

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_HELPER_GROUP_CHECK_H_
