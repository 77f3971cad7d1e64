// How a client reads a log in an object store: the manifest, and slot by slot.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/log/log_reader.h"
#include "sim/log/manifest.h"
#include "sim/log/object_client.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

class ObjectReader final : public LogReader {
 public:
  ObjectReader(Connection* connection, const PChannel& channel) : client_(connection, channel) {}

  Future<absl::StatusOr<LogBounds>> Look() override;
  Future<absl::StatusOr<Fetched>> Fetch(FetchRange range) override;
  Future<absl::StatusOr<FetchedBefore>> FetchBefore(LogBounds bounds, uint64_t end) override;

 private:
  // What there is to do about slot `at`.
  enum class Step { kRead, kMoved, kRefresh, kGone };
  // Looks the place `*at` up in the manifest at hand, and moves it to where reading goes on.
  Step Locate(uint64_t* at) const;
  // Takes what of a slot lies in the range and within the limits; false once those are reached.
  static bool TakeSlot(const LogReply& slot, uint64_t slot_number, const FetchRange& range,
                       size_t* bytes, Fetched* fetched);
  Future<absl::Status> Refresh();
  // The first slot at or above `at` in its prefix that holds no records.
  Future<absl::StatusOr<uint64_t>> FindEnd(uint64_t at);

  ObjectClient client_;
  Manifest manifest_;  // As of the last Refresh(); no prefixes before that.
  uint64_t version_ = 0;
};

Future<absl::Status> ObjectReader::Refresh() {
  absl::StatusOr<ObjectClient::Versioned> there = co_await client_.GetManifest();
  TIDELOG_CO_RETURN_IF_ERROR(there.status());
  if (there->version < version_) co_return absl::OkStatus();  // Another was faster.
  version_ = there->version;
  manifest_ = std::move(there->manifest);
  co_return absl::OkStatus();
}

Future<absl::StatusOr<uint64_t>> ObjectReader::FindEnd(uint64_t at) {
  const uint64_t filled_to = co_await client_.FilledTo(OrdinalOf(at), SlotOf(at));
  at = NumberAt(OrdinalOf(at), filled_to);
  while (true) {
    std::string key = SlotKey(client_.channel().name, OrdinalOf(at), SlotOf(at));
    const LogReply slot = co_await client_.Get(std::move(key), /*wait=*/false);
    if (slot.code == LogCode::kClosed) co_return ConnectionClosed("look at", client_.channel());
    if (slot.code == LogCode::kNotFound || slot.group == 0) co_return at;
    at = NumberAt(OrdinalOf(at), SlotOf(at) + 1);
  }
}

Future<absl::StatusOr<LogBounds>> ObjectReader::Look() {
  while (true) {
    const absl::Status refreshed = co_await Refresh();
    TIDELOG_CO_RETURN_IF_ERROR(refreshed);
    LogBounds bounds;
    bounds.log = manifest_.log;
    bounds.first = manifest_.FirstNumber();
    bounds.end = bounds.first;
    bounds.mark = manifest_.mark;
    bounds.term = manifest_.term;
    bounds.closed_cleanly = manifest_.closed_cleanly;
    if (manifest_.prefixes.empty()) co_return bounds;
    const Manifest::Prefix newest = manifest_.prefixes.back();
    if (newest.ended) {
      bounds.end = NumberAt(newest.ordinal, newest.end);
      co_return bounds;
    }
    absl::StatusOr<uint64_t> end = co_await FindEnd(NumberAt(newest.ordinal, newest.first_slot));
    TIDELOG_CO_RETURN_IF_ERROR(end.status());
    bounds.end = *end;
    const absl::Status again = co_await Refresh();
    TIDELOG_CO_RETURN_IF_ERROR(again);
    // Else a prefix began, or slots were deleted, while this was looking.
    if (manifest_.FirstNumber() == bounds.first && manifest_.NextOrdinal() == newest.ordinal + 1) {
      co_return bounds;
    }
  }
}

ObjectReader::Step ObjectReader::Locate(uint64_t* at) const {
  if (manifest_.prefixes.empty()) return Step::kRefresh;
  if (*at < manifest_.FirstNumber()) return Step::kGone;
  const Manifest::Prefix* prefix = manifest_.Find(OrdinalOf(*at));
  if (prefix == nullptr) return Step::kRefresh;
  if (!prefix->ended || SlotOf(*at) < prefix->end) return Step::kRead;
  *at = NumberAt(prefix->ordinal + 1, 0);
  return Step::kMoved;
}

bool ObjectReader::TakeSlot(const LogReply& slot, uint64_t slot_number, const FetchRange& range,
                            size_t* bytes, Fetched* fetched) {
  for (const StoredRecord& record : slot.records) {
    if (record.number < fetched->next || record.number >= range.end) continue;
    *bytes += record.bytes.size();
    const bool is_full = fetched->records.size() >= range.count_max || *bytes > range.bytes_max;
    if (is_full && !fetched->records.empty()) {
      fetched->next = record.number;
      return false;
    }
    fetched->records.push_back(record);
  }
  fetched->next = slot_number + (uint64_t{1} << kIndexBits);
  return true;
}

Future<absl::StatusOr<Fetched>> ObjectReader::Fetch(FetchRange range) {
  Fetched fetched;
  fetched.next = range.from;
  size_t bytes = 0;
  bool is_fresh = false;
  for (int attempt = 0; fetched.next < range.end;) {
    const Step step = Locate(&fetched.next);
    if (step == Step::kMoved) continue;
    if (step == Step::kGone) {
      if (!fetched.records.empty()) break;
      co_return WalError(WalErrorCode::kPositionGone,
                         absl::StrCat("read ", ToString(client_.channel()), " from ", range.from,
                                      ": it was truncated away"));
    }
    if (step == Step::kRead) {
      const uint64_t at = NumberAt(OrdinalOf(fetched.next), SlotOf(fetched.next));
      std::string key = SlotKey(client_.channel().name, OrdinalOf(at), SlotOf(at));
      const bool wait = range.wait && is_fresh && fetched.records.empty();
      const LogReply slot = co_await client_.Get(std::move(key), wait);
      if (slot.code == LogCode::kClosed) co_return ConnectionClosed("read", client_.channel());
      if (slot.code == LogCode::kOk && slot.group != 0) {
        if (!TakeSlot(slot, at, range, &bytes, &fetched)) break;
        attempt = 0;
        continue;
      }
      // A fence, or nothing: the prefix may have ended, or its slots be deleted.
    }
    if (!fetched.records.empty()) break;
    if (is_fresh) {
      if (!range.wait) break;
      // Where reading goes on is about to be told by whoever put the fence.
      co_await client_.connection()->Pause(std::min(attempt++, 4));
    }
    const absl::Status refreshed = co_await Refresh();
    TIDELOG_CO_RETURN_IF_ERROR(refreshed);
    is_fresh = true;
  }
  co_return fetched;
}

Future<absl::StatusOr<FetchedBefore>> ObjectReader::FetchBefore(LogBounds bounds, uint64_t end) {
  FetchedBefore before;
  // In a manifest that has the prefix of `end`, those before it have ended.
  if (manifest_.Find(OrdinalOf(end)) == nullptr) {
    const absl::Status refreshed = co_await Refresh();
    TIDELOG_CO_RETURN_IF_ERROR(refreshed);
  }
  uint64_t ordinal = OrdinalOf(end);
  uint64_t slot = SlotOf(end);
  // Its own slot's beginning, or the slot before.
  if (NumberAt(ordinal, slot) == end) {
    while (slot == 0 && NumberAt(ordinal, 0) > bounds.first) {
      const Manifest::Prefix* older = manifest_.Find(--ordinal);
      slot = older != nullptr && older->ended ? older->end : 0;
    }
    if (slot > 0) --slot;
  }
  before.from = std::max(bounds.first, NumberAt(ordinal, slot));
  if (before.from >= end) co_return before;
  absl::StatusOr<std::vector<StoredRecord>> records = co_await ReadAll(this, before.from, end);
  TIDELOG_CO_RETURN_IF_ERROR(records.status());
  before.records = *std::move(records);
  co_return before;
}

}  // namespace

std::unique_ptr<LogReader> MakeObjectReader(Connection* connection, const PChannel& channel) {
  return std::make_unique<ObjectReader>(connection, channel);
}

}  // namespace tidelog::sim
