// The owner of a log in an object store.
//
// The manifest, changed by compare-and-set, says who may begin a prefix; within a prefix each group
// is put into the next slot if that is absent.  A fence is an object in the lowest free slot: it
// ends the prefix for whoever fills it, and what lies behind it counts for nobody.  So uploads may
// overlap, a group that was refused or is in doubt can be given up behind a fence of one's own, and
// a put that is answered with "there is one already" is settled by looking whose it is.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sim/log/log_writer.h"
#include "sim/log/manifest.h"
#include "sim/log/object_client.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

using Verdict = ObjectClient::Verdict;

class ObjectWriter final : public LogWriter {
 public:
  ObjectWriter(Connection* connection, LogReader* reader, const Identity& identity, size_t window)
      : LogWriter(identity),
        connection_(connection),
        reader_(reader),
        client_(connection, identity.channel),
        window_(window) {
    CHECK_LE(window, kUploadWindowMax);
  }

  Future<absl::Status> Claim() override;
  size_t window() const override { return window_; }
  // The number of the group's first record.
  uint64_t NextPlace() override { return NumberAt(ordinal_, next_slot_++); }
  Future<StoreResult> Store(uint64_t place, uint64_t group,
                            std::vector<std::string> records) override;
  Future<absl::StatusOr<uint64_t>> GiveUp(uint64_t place) override;
  Future<absl::Status> LookAtFence() override;
  Future<absl::Status> Truncate(uint64_t number, Position mark) override;
  Future<absl::Status> LeaveCloseMark() override;
  uint64_t GuessNext() const override { return NumberAt(ordinal_, next_slot_); }

 private:
  // Puts a fence into the lowest free slot of a prefix at or above `slot`, below which all hold
  // groups, and yields where the prefix ends.  kChannelFenced: a higher term's is there;
  // kOnShutdown.
  Future<absl::StatusOr<uint64_t>> EndPrefix(uint64_t ordinal, uint64_t slot);
  // Ends every prefix that has not ended, but the newest if it is this writer's.
  Future<absl::Status> EndOlder(Manifest manifest);
  // Notes in the manifest where the prefixes ended, and begins a new one of this writer's.
  Future<absl::Status> BeginPrefix();
  Future<LogReply> Put(std::string key, uint64_t first, uint64_t group,
                       std::vector<std::string> records);
  bool HasGivenUp(uint64_t place) const { return OrdinalOf(place) != ordinal_; }

  Connection* const connection_;
  LogReader* const reader_;
  ObjectClient client_;
  const size_t window_;
  uint64_t ordinal_ = 0;  // The prefix that it fills; 0: none yet.
  uint64_t next_slot_ = 0;
  std::vector<Manifest::Prefix> ends_;  // Prefixes that this writer has found the end of.
};

Future<LogReply> ObjectWriter::Put(std::string key, uint64_t first, uint64_t group,
                                   std::vector<std::string> records) {
  LogRequest request;
  request.op = LogOp::kPut;
  request.channel = channel().name;
  request.key = std::move(key);
  request.from = first;
  request.writer = writer();
  request.group = group;
  if (group == 0) request.text = absl::StrCat(ToInt(term()));
  request.records = std::move(records);
  LogReply reply = co_await connection_->Call(std::move(request));
  co_return reply;
}

Future<absl::StatusOr<uint64_t>> ObjectWriter::EndPrefix(uint64_t ordinal, uint64_t slot) {
  for (int attempt = 0;;) {
    std::string key = SlotKey(channel().name, ordinal, slot);
    std::vector<std::string> no_records;
    const LogReply put = co_await Put(key, /*first=*/0, /*group=*/0, std::move(no_records));
    if (put.code == LogCode::kOk) co_return slot;
    if (put.code == LogCode::kClosed) co_return ConnectionClosed("fence", channel());
    if (put.code != LogCode::kMismatch) {
      co_await connection_->Pause(attempt++);
      continue;
    }
    const LogReply there = co_await client_.Get(std::move(key), /*wait=*/false);
    if (there.code == LogCode::kClosed) co_return ConnectionClosed("fence", channel());
    if (there.code == LogCode::kNotFound) {
      // Deleted meanwhile: only a later owner truncates.
      co_return Fenced("fence");
    }
    if (there.group != 0) {
      ++slot;
      continue;
    }
    int64_t fence_term = 0;
    if (!absl::SimpleAtoi(there.text, &fence_term)) {
      co_return WalError(WalErrorCode::kCorrupt, absl::StrCat("a fence of term ", there.text));
    }
    // The first fence ends the prefix, whoever put it; unless that is who fences this writer.
    if (fence_term > ToInt(term())) co_return Fenced("fence");
    co_return slot;
  }
}

Future<absl::Status> ObjectWriter::EndOlder(Manifest manifest) {
  for (size_t i = 0; i < manifest.prefixes.size(); ++i) {
    Manifest::Prefix prefix = manifest.prefixes[i];
    if (prefix.ended) continue;
    const uint64_t filled_to = co_await client_.FilledTo(prefix.ordinal, prefix.first_slot);
    const absl::StatusOr<uint64_t> end = co_await EndPrefix(prefix.ordinal, filled_to);
    TIDELOG_CO_RETURN_IF_ERROR(end.status());
    prefix.ended = true;
    prefix.end = *end;
    ends_.push_back(prefix);
  }
  co_return absl::OkStatus();
}

Future<absl::Status> ObjectWriter::BeginPrefix() {
  const uint64_t before = ordinal_;
  ObjectClient::Edit edit = [this, before](Manifest* manifest) {
    if (manifest->writer != writer()) return Verdict::kRefuse;
    const bool has_begun = !manifest->prefixes.empty() &&
                           manifest->prefixes.back().writer == writer() &&
                           manifest->prefixes.back().ordinal > before;
    if (has_begun) return Verdict::kDone;
    for (Manifest::Prefix& prefix : manifest->prefixes) {
      for (const Manifest::Prefix& ended : ends_) {
        if (prefix.ordinal != ended.ordinal) continue;
        prefix.ended = true;
        prefix.end = ended.end;
      }
    }
    Manifest::Prefix mine;
    mine.ordinal = manifest->NextOrdinal();
    mine.writer = writer();
    manifest->prefixes.push_back(mine);
    return Verdict::kPut;
  };
  const absl::StatusOr<ObjectClient::Versioned> there =
      co_await client_.Update(std::move(edit), Fenced("begin a prefix of"));
  TIDELOG_CO_RETURN_IF_ERROR(there.status());
  ordinal_ = there->manifest.prefixes.back().ordinal;
  next_slot_ = 0;
  ends_.clear();
  co_return absl::OkStatus();
}

Future<absl::Status> ObjectWriter::Claim() {
  Manifest empty;
  empty.log = writer();  // Never used twice.
  const absl::Status made = co_await client_.MakeManifest(std::move(empty));
  TIDELOG_CO_RETURN_IF_ERROR(made);
  ObjectClient::Edit claim = [this](Manifest* manifest) {
    if (manifest->writer == writer()) return Verdict::kDone;
    const bool may_open =
        manifest->term < term() || (manifest->term == term() && manifest->closed_cleanly);
    if (!may_open) return Verdict::kRefuse;
    manifest->term = term();
    manifest->writer = writer();
    manifest->closed_cleanly = false;
    return Verdict::kPut;
  };
  const absl::StatusOr<ObjectClient::Versioned> claimed =
      co_await client_.Update(std::move(claim), Unmatched("it was opened at that term or above"));
  TIDELOG_CO_RETURN_IF_ERROR(claimed.status());
  const absl::Status ended = co_await EndOlder(claimed->manifest);
  if (!ended.ok()) co_return AsUnmatched(ended);
  const absl::Status begun = co_await BeginPrefix();
  if (!begun.ok()) co_return AsUnmatched(begun);
  LogBounds bounds;
  bounds.log = claimed->manifest.log;
  bounds.first = claimed->manifest.FirstNumber();
  const absl::StatusOr<Tail> below =
      co_await ReadTail(reader_, bounds, NumberAt(ordinal_, 0), TailDepth::kTimeTick);
  TIDELOG_CO_RETURN_IF_ERROR(below.status());
  SetBelow(bounds.log, *below);
  // A later owner may have truncated what was just read: look after it, not before.
  const absl::Status owned = co_await LookAtFence();
  co_return AsUnmatched(owned);
}

Future<StoreResult> ObjectWriter::Store(uint64_t place, uint64_t group,
                                        std::vector<std::string> records) {
  const std::string key = SlotKey(channel().name, OrdinalOf(place), SlotOf(place));
  // Once the prefix was given up, GiveUp() has said what became of this.
  for (int attempt = 0; !HasGivenUp(place);) {
    const LogReply put = co_await Put(key, place, group, records);
    if (put.code == LogCode::kClosed) break;
    if (put.code == LogCode::kOk) co_return StoreResult{StoreResult::Kind::kDone, place, {}};
    if (put.code == LogCode::kRefused || put.code == LogCode::kFull) {
      co_return StoreResult{StoreResult::Kind::kRefused, 0, RefusedStatus(put.code)};
    }
    if (put.code != LogCode::kMismatch) {
      co_await connection_->Pause(attempt++);
      continue;
    }
    const LogReply there = co_await client_.Get(key, /*wait=*/false);
    if (there.code == LogCode::kClosed) break;
    if (there.code == LogCode::kOk && there.writer == writer()) {
      if (there.group == group) co_return StoreResult{StoreResult::Kind::kDone, place, {}};
      continue;  // A fence of its own, which GiveUp() put.
    }
    co_return StoreResult{StoreResult::Kind::kFenced, 0, Fenced("append to")};
  }
  co_return StoreResult{StoreResult::Kind::kClosed, 0, ConnectionClosed("append to", channel())};
}

Future<absl::StatusOr<uint64_t>> ObjectWriter::GiveUp(uint64_t place) {
  const absl::StatusOr<uint64_t> end = co_await EndPrefix(OrdinalOf(place), SlotOf(place));
  TIDELOG_CO_RETURN_IF_ERROR(end.status());
  Manifest::Prefix ended;
  ended.ordinal = OrdinalOf(place);
  ended.end = *end;
  ends_.push_back(ended);
  const absl::Status begun = co_await BeginPrefix();
  TIDELOG_CO_RETURN_IF_ERROR(begun);
  co_return NumberAt(OrdinalOf(place), *end);
}

Future<absl::Status> ObjectWriter::LookAtFence() {
  const absl::StatusOr<ObjectClient::Versioned> there = co_await client_.GetManifest();
  TIDELOG_CO_RETURN_IF_ERROR(there.status());
  if (there->manifest.writer != writer()) co_return Fenced("look at");
  co_return absl::OkStatus();
}

Future<absl::Status> ObjectWriter::Truncate(uint64_t number, Position mark) {
  std::vector<Manifest::Prefix> dropped;
  ObjectClient::Edit edit = [this, number, mark, &dropped](Manifest* manifest) {
    // Also if this writer was fenced: an earlier attempt, whose answer was lost, may have set it.
    if (manifest->mark_tick >= ToInt(mark.time_tick)) return Verdict::kDone;
    if (manifest->writer != writer()) return Verdict::kRefuse;
    manifest->mark_tick = ToInt(mark.time_tick);
    manifest->mark = mark.ToString();
    while (manifest->prefixes.front().ordinal < OrdinalOf(number)) {
      dropped.push_back(manifest->prefixes.front());
      manifest->prefixes.erase(manifest->prefixes.begin());
    }
    Manifest::Prefix& first = manifest->prefixes.front();
    if (first.ordinal == OrdinalOf(number)) {
      first.first_slot = std::max(first.first_slot, SlotOf(number));
    }
    return Verdict::kPut;
  };
  const absl::StatusOr<ObjectClient::Versioned> there =
      co_await client_.Update(std::move(edit), Fenced("truncate"));
  if (GetWalErrorCode(there.status()) == WalErrorCode::kOnShutdown) {
    co_return WalErrorFrom(WalErrorCode::kOutcomeUnknown, "truncate", there.status());
  }
  TIDELOG_CO_RETURN_IF_ERROR(there.status());
  // From now on nobody reads what is below; whether it is deleted matters to nobody's reading.  But
  // the fences stay: in the place of one an upload that arrives late would land, and be taken for
  // stored by the writer that it fenced.  And what the manifest lists stays, which a mark that was
  // there already may have left as it was: whoever looks for the end of a prefix begins there.
  Manifest::Prefix first = there->manifest.prefixes.front();
  std::erase_if(dropped, [&first](const Manifest::Prefix& prefix) {
    return prefix.ordinal >= first.ordinal;
  });
  first.end = first.first_slot;
  dropped.push_back(first);
  for (size_t i = 0; i < dropped.size(); ++i) {
    LogRequest request;
    request.op = LogOp::kDeleteBelow;
    request.channel = channel().name;
    request.key = SlotPrefix(channel().name, dropped[i].ordinal);
    request.from = dropped[i].end;
    const LogReply deleted = co_await connection_->Call(std::move(request));
    if (deleted.code == LogCode::kClosed) break;
  }
  co_return absl::OkStatus();
}

Future<absl::Status> ObjectWriter::LeaveCloseMark() {
  ObjectClient::Edit edit = [this](Manifest* manifest) {
    if (manifest->writer != writer()) return Verdict::kDone;
    if (manifest->closed_cleanly) return Verdict::kDone;
    manifest->closed_cleanly = true;
    return Verdict::kPut;
  };
  const absl::StatusOr<ObjectClient::Versioned> there =
      co_await client_.Update(std::move(edit), absl::OkStatus());
  co_return there.status();
}

}  // namespace

std::unique_ptr<LogWriter> MakeObjectWriter(Connection* connection, LogReader* reader,
                                            const LogWriter::Identity& identity, size_t window) {
  return std::make_unique<ObjectWriter>(connection, reader, identity, window);
}

}  // namespace tidelog::sim
