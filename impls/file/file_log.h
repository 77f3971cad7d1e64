// The file backend: the embedded, durable log on the files of one machine.  See README.md.
//
//   registry::MustGetBuilder("file").Build(environment, {{"dir", "/var/lib/orders"}});
//
// Settings: options.h.
#ifndef TIDELOG_IMPLS_FILE_FILE_LOG_H_
#define TIDELOG_IMPLS_FILE_FILE_LOG_H_

#include <memory>
#include <string_view>

#include "walimpls/opener.h"

namespace tidelog::impls::file {

inline constexpr std::string_view kName = "file";

std::unique_ptr<walimpls::OpenerBuilderImpls> MakeBuilder();

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_FILE_LOG_H_
