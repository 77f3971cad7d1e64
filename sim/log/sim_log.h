// SimLog: the backend "sim", a client of a simulated log service (log_service.h) in one simulated
// process.
//
//   process->Enter([&] {
//     std::unique_ptr<walimpls::OpenerBuilderImpls> builder = MakeSimLogBuilder(process, &service);
//     ... registry or adaptor, as with every other backend ...
//   });
//
// It keeps the contract of walimpls (walimpls/wal.h) whatever goes wrong between it and the
// service, as long as LogBreaks are off: an append ends done or not done, or stays pending until
// Close() or a fence; nothing is stored twice; ids increase.
#ifndef TIDELOG_SIM_LOG_SIM_LOG_H_
#define TIDELOG_SIM_LOG_SIM_LOG_H_

#include <memory>
#include <string_view>

#include "sim/kernel/process.h"
#include "sim/log/log_service.h"
#include "wal/message/message_id.h"
#include "walimpls/opener.h"
#include "walimpls/wal.h"

namespace tidelog::sim {

inline constexpr std::string_view kSimLogName = "sim";

inline constexpr walimpls::Traits kSimLogTraits = {
    .kind = LogKind::kSimulated,
    .message_bytes_max = size_t{1} << 20,
    .group_bytes_max = size_t{4} << 20,
    .group_count_max = 8,
    .property_count_max = 1024,
    .durable_on_ack = true,
};

// In the memory of `process`, for its code.  `process` and `service` outlive it; Build() takes no
// settings, and of its environment the runtime, which is the process's.
std::unique_ptr<walimpls::OpenerBuilderImpls> MakeSimLogBuilder(Process* process,
                                                                LogService* service);

// What the builder builds.
std::unique_ptr<walimpls::OpenerImpls> MakeSimLogOpener(Process* process, LogService* service);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_SIM_LOG_H_
