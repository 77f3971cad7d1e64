// Session: the log that a walctl command works on, opened by the flags that all commands share.
#ifndef TIDELOG_TOOLS_WALCTL_SESSION_H_
#define TIDELOG_TOOLS_WALCTL_SESSION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adaptor/prometheus/prometheus_exporter.h"
#include "wal/async/executor.h"
#include "wal/opener.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::walctl {

// The flags that all commands share.
struct LogFlags {
  std::string backend = "file";
  std::string directory;
  std::string channel;
  std::vector<std::string> settings;  // "KEY=VALUE", handed to the backend.
  bool json = false;
  std::optional<int>
      metrics_port;  // Metrics are served there on this machine; 0: any that is free.
};

// The flags of commands that write.
struct WriteFlags {
  int64_t term = 0;  // 0: the next free one.
  bool take_over = false;
};

// One opener and at most one open log.  Blocks its thread; closes what is open when destroyed.
class Session {
 public:
  // kInvalidArgument: an unknown backend or setting, or a port that somebody has.
  static absl::StatusOr<std::unique_ptr<Session>> Start(const LogFlags& flags);
  ~Session();

  // Opens the channel for reading.  kChannelNotExist names the channels there are.
  absl::StatusOr<RoWal*> OpenForReading();

  // Opens the channel for writing, at the next free term unless one is asked for.
  // kResourceAcquired: a live process holds it, and flags.take_over is not set.
  absl::StatusOr<Wal*> OpenForWriting(const WriteFlags& flags);

  absl::StatusOr<std::vector<std::string>> Channels();

  // Closes the log that is open, so that another can be opened.
  absl::Status CloseLog();

  // Closes the log: what it still had to do may fail, and that is said here.
  absl::Status Close();

  const LogFlags& flags() const { return flags_; }

 private:
  Session(LogFlags flags, std::unique_ptr<OpenerBuilder> builder, std::unique_ptr<Opener> opener);
  absl::Status ServeMetrics();
  absl::Status CheckNoLiveHolder(const LogInfo& info) const;
  absl::StatusOr<LogInfo> LookAtChannel();

  const LogFlags flags_;
  const std::unique_ptr<Executor> executor_;  // To wait on.
  const std::unique_ptr<OpenerBuilder> builder_;
  const std::unique_ptr<Opener> opener_;
  std::unique_ptr<RoWal> log_;
  std::unique_ptr<PrometheusExporter> exporter_;  // Null: nobody asked.
  bool closed_ = false;
};

// Whether a higher term owns the channel by now.  An append that was under way when it came ends
// unknown; a script should still learn of the fence.
bool IsFenced(Wal* wal);

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_SESSION_H_
