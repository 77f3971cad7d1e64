// MemoryReader: what readers and writers of a memory log have in common: Info() and scanners.
#ifndef TIDELOG_IMPLS_MEMORY_MEMORY_READER_H_
#define TIDELOG_IMPLS_MEMORY_MEMORY_READER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "impls/memory/store.h"
#include "wal/message/message_id.h"
#include "walimpls/helper/log_lifetime.h"
#include "walimpls/scanner.h"
#include "walimpls/wal.h"

namespace tidelog::impls::memory {

inline constexpr walimpls::Traits kTraits = {
    .kind = LogKind::kMemory,
    .message_bytes_max = size_t{16} << 20,
    .group_bytes_max = size_t{64} << 20,
    .group_count_max = 4096,
    .property_count_max = 1024,
    .durable_on_ack = false,
};

// Confined to its log's executor.  `lifetime` outlives it.
class MemoryReader {
 public:
  MemoryReader(std::shared_ptr<StoredLog> log, uint32_t epoch, walimpls::LogLifetime* lifetime)
      : log_(std::move(log)), origin_(log_->OriginOf(epoch)), lifetime_(lifetime) {}

  // As RoWalImpls::Info(), without the look at the fence.
  absl::StatusOr<walimpls::LogState> Info() const;

  // As RoWalImpls::Read().
  absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>> Read(
      const walimpls::ScanOptions& options) const;

  // kWalNameMismatch: `id` is not of this log; `what` was attempted.
  absl::StatusOr<uint64_t> NumberOf(const MessageId& id, std::string_view what) const;
  MessageId IdOf(uint64_t number) const { return MessageId::FromNumber(origin_, number); }

  StoredLog& log() const { return *log_; }

 private:
  // The number of the first record to deliver.  kPositionGone: truncated away, or above the tail.
  absl::StatusOr<uint64_t> StartOf(const walimpls::ScanStart& start,
                                   const StoredLog::State& state) const;

  const std::shared_ptr<StoredLog> log_;
  const MessageId::Origin origin_;
  walimpls::LogLifetime* const lifetime_;
};

}  // namespace tidelog::impls::memory

#endif  // TIDELOG_IMPLS_MEMORY_MEMORY_READER_H_
