// Node: whole logs by the name of a backend.
//
//   absl::StatusOr<std::unique_ptr<OpenerBuilder>> builder = adaptor::MakeOpenerBuilder("file");
//   absl::StatusOr<std::unique_ptr<Opener>> opener =
//       (*builder)->Build(Environment{}, {{"directory", "/var/lib/log"}});
//
// A program that links //:node has every backend of this repository registered; one that links
// //adaptor/node and some backends' :register has those.
#ifndef TIDELOG_ADAPTOR_NODE_NODE_H_
#define TIDELOG_ADAPTOR_NODE_NODE_H_

#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "adaptor/interceptors/interceptor.h"
#include "wal/opener.h"

namespace tidelog::adaptor {

// A builder of logs over the backend that is registered as `backend`; see opener_builder.h for the
// rest.  NOT_FOUND: there is none of that name; the message names those there are.
absl::StatusOr<std::unique_ptr<OpenerBuilder>> MakeOpenerBuilder(
    std::string_view backend, std::vector<InterceptorBuilder*> interceptors = {});

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_NODE_NODE_H_
