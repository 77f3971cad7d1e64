// The assembly held against a model that looks through the whole list of records, and against scans
// that begin and break off anywhere (F9).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "wal/message/chunks.h"
#include "wal/message/message.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_id.h"
#include "wal/message/testing/messages.h"
#include "wal/types.h"
#include "wal/utility/chunk_assembly.h"

namespace tidelog {
namespace {

using Result = ChunkAssembly::Result;

// What an append left in the log.
struct Draft {
  bool is_tick = false;
  uint64_t chunks = 1;
  uint64_t stored = 1;  // So many of them; fewer than there are: it was cut.
};

std::ostream& operator<<(std::ostream& out, const Draft& draft) {
  return out << (draft.is_tick ? "Tick" : "Message") << "(" << draft.stored << " of "
             << draft.chunks << ")";
}

rc::Gen<Draft> AnyDraft() {
  return rc::gen::map(rc::gen::tuple(rc::gen::inRange(0, 5), rc::gen::inRange<uint64_t>(1, 6),
                                     rc::gen::inRange<uint64_t>(1, 12)),
                      [](const auto& drawn) {
                        const auto& [kind, chunks, stored] = drawn;
                        if (kind == 0) return Draft{true, 1, 1};
                        return Draft{false, chunks, std::min(stored, chunks)};
                      });
}

// A record, and what the model makes of it.
struct Stored {
  ImmutableMessage record;
  size_t append = 0;
  bool first = false;     // Of its append.
  bool complete = false;  // The last chunk of it, or all of it.
  ImmutableMessage whole;
};

std::vector<Stored> LogOf(const std::vector<Draft>& drafts) {
  std::vector<Stored> log;
  uint64_t tick = 10;
  for (size_t i = 0; i < drafts.size(); ++i) {
    const Draft& draft = drafts[i];
    ++tick;
    MutableMessage message =
        draft.is_tick ? MessageFactory::StoredTimeTick()
                      : testing::MakeInsert(std::string(draft.chunks * 40, 'a') + absl::StrCat(i));
    const ImmutableMessage whole = testing::Stamped(std::move(message), Term{1}, TimeTick{tick});
    std::vector<ImmutableMessage> records = {whole};
    if (draft.chunks > 1) {
      const size_t payload = whole.payload().size();
      const size_t room = (payload + draft.chunks - 1) / draft.chunks;
      records = SplitIntoChunks(whole.record(), ChunkHeadSize(whole.record()) + room);
    }
    const size_t stored = std::min<size_t>(draft.stored, records.size());
    const MessageId id = MessageId::FromNumber({LogKind::kMemory, 1, 0}, log.size() + 1);
    for (size_t k = 0; k < stored; ++k) {
      const MessageId own = MessageId::FromNumber({LogKind::kMemory, 1, 0}, log.size() + 1);
      log.push_back({records[k].WithId(own), i, k == 0, k + 1 == records.size(), whole.WithId(id)});
    }
  }
  return log;
}

// A scan from record `from` on delivers just what is whole in it, in place of its last record.
RC_GTEST_PROP(ChunkAssemblyProperty, DeliversWhatIsWholeFromWhereverAScanBegins, ()) {
  const auto drafts = *rc::gen::container<std::vector<Draft>>(AnyDraft());
  const std::vector<Stored> log = LogOf(drafts);
  for (size_t from = 0; from <= log.size(); ++from) {
    ChunkAssembly assembly;
    assembly.Restart();
    std::optional<size_t> begun;  // The append whose first record was read last.
    for (size_t i = from; i < log.size(); ++i) {
      if (log[i].first) begun = log[i].append;
      ImmutableMessage taken = log[i].record;
      const Result result = assembly.Take(taken);
      const bool is_whole = log[i].complete && begun == log[i].append;
      RC_ASSERT(result == (is_whole ? Result::kMessage : Result::kNothing));
      if (!is_whole) continue;
      RC_ASSERT(taken.id() == log[i].whole.id());
      RC_ASSERT(taken.record().bytes() == log[i].whole.record().bytes());
      RC_ASSERT(assembly.count() == 0u);
    }
  }
}

// What a gap takes is told: it, and the beginning of the run that it cuts.
RC_GTEST_PROP(ChunkAssemblyProperty, LosesToAGapOnlyWhatItTells, ()) {
  const auto drafts = *rc::gen::container<std::vector<Draft>>(AnyDraft());
  const std::vector<Stored> log = LogOf(drafts);
  const auto gap_begin = *rc::gen::inRange<size_t>(0, log.size() + 1);
  const auto gap_end = *rc::gen::inRange<size_t>(gap_begin, log.size() + 1);
  ChunkAssembly assembly;
  std::vector<MessageId> delivered;
  std::optional<MessageId> lost_from;
  for (size_t i = 0; i < log.size(); ++i) {
    if (i == gap_begin && gap_end > gap_begin) {
      lost_from = log[i].record.id();
      const std::optional<MessageId> cut = assembly.Restart();
      if (cut) lost_from = cut;
    }
    if (i >= gap_begin && i < gap_end) continue;
    ImmutableMessage taken = log[i].record;
    const Result result = assembly.Take(taken);
    RC_ASSERT(result != Result::kCorrupt);
    if (result == Result::kMessage) delivered.push_back(taken.id());
  }
  auto next = delivered.begin();
  for (const Stored& stored : log) {
    if (!stored.complete) continue;
    if (next != delivered.end() && *next == stored.whole.id()) {
      ++next;
      continue;
    }
    // Its id lies in what was told to be lost.
    RC_ASSERT(lost_from.has_value());
    RC_ASSERT(!BeforeWithinLog(stored.whole.id(), *lost_from));
    RC_ASSERT(BeforeWithinLog(stored.whole.id(), log[gap_end - 1].record.id()) ||
              stored.whole.id() == log[gap_end - 1].record.id());
  }
  RC_ASSERT(next == delivered.end());
}

// With one chunk lost, or two changed for each other, nothing is delivered that was not stored.
RC_GTEST_PROP(ChunkAssemblyProperty, MakesNoMessageOfOthersChunks, ()) {
  const auto drafts = *rc::gen::nonEmpty(rc::gen::container<std::vector<Draft>>(AnyDraft()));
  std::vector<Stored> log = LogOf(drafts);
  const auto one = *rc::gen::inRange<size_t>(0, log.size());
  const auto other = *rc::gen::inRange<size_t>(0, log.size());
  if (one == other) {
    log.erase(log.begin() + static_cast<ptrdiff_t>(one));
  } else if (log[one].append == log[other].append) {
    std::swap(log[one], log[other]);
  } else {
    log[one].record = log[other].record;
  }
  ChunkAssembly assembly;
  for (const Stored& stored : log) {
    ImmutableMessage taken = stored.record;
    if (assembly.Take(taken) != Result::kMessage) continue;
    bool is_one = false;
    for (const Stored& known : log) {
      is_one = is_one || known.whole.record().bytes() == taken.record().bytes();
    }
    RC_ASSERT(is_one);
  }
}

}  // namespace
}  // namespace tidelog
