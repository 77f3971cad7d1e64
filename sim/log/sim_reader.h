// SimReader: what readers and writers of a simulated log have in common: Info() and scanners.
#ifndef TIDELOG_SIM_LOG_SIM_READER_H_
#define TIDELOG_SIM_LOG_SIM_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/log/connection.h"
#include "sim/log/log_reader.h"
#include "sim/log/log_service.h"
#include "wal/async/future.h"
#include "wal/message/message_id.h"
#include "walimpls/helper/log_lifetime.h"
#include "walimpls/scanner.h"
#include "walimpls/wal.h"

namespace tidelog::sim {

// Who reads, and what.
struct ReaderContext {
  Process* process = nullptr;
  LogService* service = nullptr;
  PChannel channel;
  MessageId::Origin origin;
};

// kWalNameMismatch: `id` is not of the log of `context`; `what` was attempted.
absl::StatusOr<uint64_t> NumberOf(const ReaderContext& context, const MessageId& id,
                                  std::string_view what);

// LogInfo::oldest of a log: its mark, or what retention has left.  Errors: as LogReader::Fetch().
Future<absl::StatusOr<std::optional<Position>>> OldestOf(LogReader* reader, LogBounds bounds,
                                                         MessageId::Origin origin);

// As ScannerImpls: reads from number `next` on, to and with `last`.  Has a connection of its own,
// so that to close it ends what it waits for.
std::unique_ptr<walimpls::ScannerImpls> MakeSimScanner(const ReaderContext& context, uint64_t next,
                                                       uint64_t last,
                                                       const walimpls::ScanOptions& options,
                                                       walimpls::LogLifetime* lifetime);

// Confined to its log's executor.  `lifetime` outlives it.
class SimReader {
 public:
  SimReader(const ReaderContext& context, walimpls::LogLifetime* lifetime);

  const ReaderContext& context() const { return context_; }
  LogReader* log() const { return reader_.get(); }

  // As RoWalImpls::Info(), without the look at the fence.
  Future<absl::StatusOr<walimpls::LogState>> Info();

  // As RoWalImpls::Read().
  Future<absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>>> Read(
      walimpls::ScanOptions options);

  // Ends what is in flight.
  void Close() { connection_.Close(); }

 private:
  Future<absl::StatusOr<uint64_t>> StartOf(walimpls::ScanStart start);

  const ReaderContext context_;
  walimpls::LogLifetime* const lifetime_;
  Connection connection_;
  const std::unique_ptr<LogReader> reader_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_SIM_READER_H_
