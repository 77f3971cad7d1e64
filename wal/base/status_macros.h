// Returning early on an error.
//
//   TIDELOG_RETURN_IF_ERROR(Validate(channel));
//   TIDELOG_ASSIGN_OR_RETURN(const MessageId id, MessageId::Parse(text));
//
// In a coroutine use the CO_ forms, on a result that already has a name: a co_await stands alone in
// its statement, never inside a macro.
//
//   absl::StatusOr<Ids> ids = co_await backend->Append(std::move(group));
//   TIDELOG_CO_RETURN_IF_ERROR(ids.status());
#ifndef TIDELOG_WAL_BASE_STATUS_MACROS_H_
#define TIDELOG_WAL_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Leaves the function with the absl::Status that `expression` yields, unless it is OK.
#define TIDELOG_RETURN_IF_ERROR(expression) \
  TIDELOG_INTERNAL_RETURN_IF_ERROR(return, TIDELOG_INTERNAL_NAME(status), expression)
#define TIDELOG_CO_RETURN_IF_ERROR(expression) \
  TIDELOG_INTERNAL_RETURN_IF_ERROR(co_return, TIDELOG_INTERNAL_NAME(status), expression)

// `target` = the value of the absl::StatusOr that `expression` yields; leaves the function with its
// status if there is none.  `target` may declare a variable.  Two statements: not for an `if`
// without braces.
#define TIDELOG_ASSIGN_OR_RETURN(target, expression) \
  TIDELOG_INTERNAL_ASSIGN_OR_RETURN(return, TIDELOG_INTERNAL_NAME(value), target, expression)
#define TIDELOG_CO_ASSIGN_OR_RETURN(target, expression) \
  TIDELOG_INTERNAL_ASSIGN_OR_RETURN(co_return, TIDELOG_INTERNAL_NAME(value), target, expression)

// The rest is not for use elsewhere.
#define TIDELOG_INTERNAL_CONCAT_EXPANDED(a, b) a##b
#define TIDELOG_INTERNAL_CONCAT(a, b) TIDELOG_INTERNAL_CONCAT_EXPANDED(a, b)
#define TIDELOG_INTERNAL_NAME(what) \
  TIDELOG_INTERNAL_CONCAT(TIDELOG_INTERNAL_CONCAT(tidelog_, what), __LINE__)

#define TIDELOG_INTERNAL_RETURN_IF_ERROR(leave, name, expression) \
  do {                                                            \
    absl::Status name = (expression);                             \
    if (!name.ok()) [[unlikely]] {                                \
      leave name;                                                 \
    }                                                             \
  } while (false)

#define TIDELOG_INTERNAL_ASSIGN_OR_RETURN(leave, name, target, expression) \
  auto name = (expression);                                                \
  if (!name.ok()) [[unlikely]] {                                           \
    leave std::move(name).status();                                        \
  }                                                                        \
  target = *std::move(name)

#endif  // TIDELOG_WAL_BASE_STATUS_MACROS_H_
