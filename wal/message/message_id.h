// MessageId: where a record lies in one log.  Position: where a reader resumes.
#ifndef TIDELOG_WAL_MESSAGE_MESSAGE_ID_H_
#define TIDELOG_WAL_MESSAGE_MESSAGE_ID_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/types.h"

namespace tidelog {

// Which backend made an id.  Numbers are stored: never renumber one.  From kFirstForeign on they
// belong to backends of other repositories.
enum class LogKind : uint16_t {
  kNone = 0,
  kMemory = 1,
  kFile = 2,
  kRocksDb = 3,
  kKafka = 4,
  kJetStream = 5,
  kObject = 6,
  kSimulated = 7,
  kFirstForeign = 1000,
};

// Opaque bytes with a total order inside one log (A4).  A value: 32 bytes, trivially copyable.
//
// `log` tells logs of one kind apart, so that a position of another log is refused and not taken
// for one of this: a backend derives it from what identifies the log in storage (for files a number
// drawn when the log was made).
//
// Text form: KIND.LOG.EPOCH.KEY, such as "file.9f3ac21b.0.4711".  KIND is "memory", "file",
// "rocksdb", "kafka", "jetstream", "object", "simulated" or, for other backends, the number; LOG is
// eight hexadecimal digits; KEY is decimal for a key of eight bytes (big-endian), else "x" and
// hexadecimal digits.  Each id has one text form, and it round-trips.
class MessageId {
 public:
  static constexpr size_t kKeyMax = 20;

  // No id.
  MessageId() = default;

  // What all ids of one log, in one link of a chain of backends, have in common.
  struct Origin {
    LogKind kind = LogKind::kNone;
    uint32_t log = 0;
    uint32_t epoch = 0;  // Which link of the chain (G6); 0 without one.
    friend bool operator==(const Origin&, const Origin&) = default;
  };

  // Requires: origin.kind is not kNone; 1 <= key.size() <= kKeyMax.  `key` is ordered as by memcmp;
  // a prefix comes first.
  MessageId(const Origin& origin, std::string_view key);

  // An id whose key is `number`, big-endian.
  static MessageId FromNumber(const Origin& origin, uint64_t number);
  // The number again; kInvalidArgument if the key is not of eight bytes.
  absl::StatusOr<uint64_t> ToNumber() const;

  // The id whose text form is `text`; it always has a value.  kInvalidArgument: `text` is none.
  static absl::StatusOr<MessageId> Parse(std::string_view text);
  // "none" for no id.
  std::string ToString() const;

  // Order inside one log.  kWalNameMismatch: of different origins, or either is no id.
  absl::StatusOr<std::strong_ordering> Compare(const MessageId& other) const;

  bool has_value() const { return kind_ != LogKind::kNone; }
  Origin origin() const { return Origin{kind_, log_, epoch_}; }
  std::string_view key() const { return std::string_view(key_.data(), key_size_); }

  friend bool operator==(const MessageId&, const MessageId&) = default;

 private:
  LogKind kind_ = LogKind::kNone;
  uint8_t key_size_ = 0;
  uint8_t reserved_ = 0;
  uint32_t log_ = 0;
  uint32_t epoch_ = 0;
  std::array<char, kKeyMax> key_ = {};  // Bytes past key_size_ are zero.
};
static_assert(sizeof(MessageId) == 32 && std::is_trivially_copyable_v<MessageId>);

// Orders ids of one log.  Requires: same origin, both have a value.
std::strong_ordering CompareWithinLog(const MessageId& a, const MessageId& b);
inline bool BeforeWithinLog(const MessageId& a, const MessageId& b) {
  return CompareWithinLog(a, b) == std::strong_ordering::less;
}

// What a reader stores in order to resume: the last-confirmed id of the last record it took, and
// that record's tick.  Resuming scans from the id and delivers what has a greater tick (D3, D4).
//
// Text form: ID@TICK, such as "file.9f3ac21b.0.4711@449684612000001".
struct Position {
  MessageId last_confirmed;
  TimeTick time_tick{};

  // kInvalidArgument: `text` is no text form.
  static absl::StatusOr<Position> Parse(std::string_view text);
  std::string ToString() const;
  friend bool operator==(const Position&, const Position&) = default;
};

// kPositionGone, carrying LogInfo::oldest: After(*oldest) reads everything that is left; none:
// Earliest does.  It survives WalErrorFrom() with the same code, and an RPC that passes payloads
// on.
absl::Status PositionGoneError(std::string_view message, std::optional<Position> oldest);
// What `status` carries of that; none for every other status.
std::optional<Position> OldestPositionOf(const absl::Status& status);

}  // namespace tidelog

#endif  // TIDELOG_WAL_MESSAGE_MESSAGE_ID_H_
