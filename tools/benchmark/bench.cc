#include "tools/benchmark/bench.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tools/benchmark/pace.h"
#include "tools/benchmark/plan.h"
#include "tools/benchmark/processor_time.h"
#include "tools/benchmark/row.h"
#include "tools/benchmark/sample.h"
#include "tools/benchmark/scratch.h"
#include "tools/benchmark/statistics.h"
#include "tools/benchmark/subject/catalog.h"
#include "tools/benchmark/subject/raw.h"
#include "tools/benchmark/subject/subject.h"
#include "wal/async/thread_runtime.h"
#include "wal/base/status_macros.h"

namespace tidelog::benchmark {
namespace {

// What is read of small records: many are as good as all.
constexpr uint64_t kRecordsToReadMax = 256u << 10;

// How a log is settled: fast.
constexpr size_t kSettlePayload = 16u << 10;
constexpr size_t kSettleInFlight = 256;

absl::Duration Now() { return DefaultRuntime()->Now(); }

// A subject at one kind of work, and what was measured of it so far.
struct Entry {
  Scratch scratch;
  int wanted;
  std::vector<Pair> pairs;
};

// A log that was just opened makes files, longer ones each time, and then uses them again, as the
// raw file is; one append at a time does not get there in a sample, nor notice it.
absl::Status Settle(Subject& subject, const Work& what, size_t bytes) {
  Asynchronous* const asynchronous = subject.asynchronous();
  const bool reaches_it = what.in_flight > 1 || what.kind == WorkKind::kBatch;
  if (asynchronous == nullptr || !reaches_it) return absl::OkStatus();
  const std::string payload(kSettlePayload, 'x');
  const Limit limit = {.count_max = bytes / kSettlePayload};
  return asynchronous->AppendInFlight(payload, kSettleInFlight, limit).status();
}

// One kind of work.
class CellRun {
 public:
  // All outlive this.
  CellRun(const Cell* cell, const Options* options, RawMachine* raw, Pace* pace)
      : cell_(*cell), options_(*options), raw_(*raw), pace_(*pace) {}

  absl::Status SetUp();
  absl::Status Run();
  absl::Status Close();
  std::vector<Row> Rows();

 private:
  bool Lacks(const Entry& entry) const {
    return static_cast<int>(JudgementOf(entry).used.size()) < entry.wanted;
  }
  Judgement JudgementOf(const Entry& entry) const;
  absl::Status TakePair(Entry* entry, int round);
  Row RowOf(Subject& subject) const;

  const Cell& cell_;
  const Options& options_;
  RawMachine& raw_;
  Pace& pace_;
  std::vector<Entry> entries_;
  std::vector<double> raws_;
};

absl::Status CellRun::SetUp() {
  const bool reads = cell_.what.kind == WorkKind::kScan;
  raw_.set_scanned_payload(cell_.what.payload);
  for (const Contender& contender : cell_.contenders) {
    const absl::Duration started = Now();
    std::unique_ptr<Subject> subject;
    TIDELOG_ASSIGN_OR_RETURN(
        subject, MakeSubject(contender.subject, reads ? Purpose::kRead : Purpose::kAppend));
    entries_.push_back({Scratch(std::move(subject)), contender.pairs, {}});
    Scratch& scratch = entries_.back().scratch;
    TIDELOG_RETURN_IF_ERROR(scratch.Open(options_.directory));
    if (reads) {
      const uint64_t count =
          std::min<uint64_t>(options_.bytes_to_read / cell_.what.payload, kRecordsToReadMax);
      TIDELOG_RETURN_IF_ERROR(Fill(*scratch, cell_.what.payload, count));
    }
    TIDELOG_RETURN_IF_ERROR(Settle(*scratch, cell_.what, options_.settle_bytes));
    // The first moments are of another kind: files are made, threads started, tables compacted.
    const absl::Duration slice = pace_.Slice(Now()) / 3;
    TIDELOG_RETURN_IF_ERROR(TakeSample(*scratch, cell_.what, slice).status());
    pace_.SetUpDone(Now() - started);
  }
  return absl::OkStatus();
}

absl::Status CellRun::TakePair(Entry* entry, int round) {
  const absl::Duration slice = pace_.Slice(Now());
  const ProcessorTime before = ProcessorTime::Now();
  Pair pair{};
  pair.round = round;
  TIDELOG_ASSIGN_OR_RETURN(pair.raw, TakeSample(raw_, cell_.what, slice));
  TIDELOG_ASSIGN_OR_RETURN(pair.sample, TakeSample(*entry->scratch, cell_.what, slice));
  pair.stolen = StolenBetween(before, ProcessorTime::Now());
  raws_.push_back(pair.raw);
  entry->pairs.push_back(pair);
  return absl::OkStatus();
}

absl::Status CellRun::Run() {
  // What is spoiled is taken again, as long as there is time.
  const int extra = options_.quick ? 2 : options_.pairs;
  for (int round = 1; round <= options_.pairs + extra; ++round) {
    for (size_t turn = 0; turn < entries_.size(); ++turn) {
      Entry& entry = entries_[(turn + static_cast<size_t>(round)) % entries_.size()];
      const bool planned = static_cast<int>(entry.pairs.size()) < entry.wanted;
      if (!planned && (!Lacks(entry) || pace_.late(Now()))) continue;
      TIDELOG_RETURN_IF_ERROR(TakePair(&entry, round));
      if (planned) pace_.PairDone();
    }
  }
  return absl::OkStatus();
}

Judgement CellRun::JudgementOf(const Entry& entry) const {
  if (options_.keep_spoiled) return Judgement{entry.pairs, {}};
  return Judge(entry.pairs, raws_, options_.noise);
}

Row CellRun::RowOf(Subject& subject) const {
  const Facts& facts = subject.facts();
  const Client client = ClientOf(subject, cell_.what);
  Row row;
  row.work = cell_.work;
  row.subject = facts.name;
  row.peer = facts.peer;
  row.durable = facts.durable;
  row.payload = cell_.what.payload;
  row.in_flight = cell_.what.kind == WorkKind::kScan ? 0 : cell_.what.in_flight;
  row.batch = cell_.what.kind == WorkKind::kBatch ? kBatchCount : 1;
  row.threads = client.asynchronous ? 0 : client.count;
  row.unit = cell_.what.kind == WorkKind::kScan ? "MB/s" : "records/s";
  return row;
}

std::vector<Row> CellRun::Rows() {
  std::vector<Row> rows;
  rows.push_back(RowOf(raw_));
  rows.back().values = raws_;
  rows.back().raws = raws_;
  for (Entry& entry : entries_) {
    Subject& subject = *entry.scratch;
    Judgement judgement = JudgementOf(entry);
    Row row = RowOf(subject);
    for (const Pair& pair : judgement.used) {
      row.values.push_back(pair.sample);
      row.raws.push_back(pair.raw);
    }
    row.spoiled = std::move(judgement.spoiled);
    rows.push_back(std::move(row));
  }
  return rows;
}

absl::Status CellRun::Close() {
  for (Entry& entry : entries_) TIDELOG_RETURN_IF_ERROR(entry.scratch.Close());
  return absl::OkStatus();
}

std::string NameOf(const Cell& cell) {
  std::string name = absl::StrCat(cell.work, ", ", cell.what.payload, " bytes");
  if (cell.what.kind != WorkKind::kScan && cell.what.kind != WorkKind::kBatch) {
    absl::StrAppend(&name, ", ", cell.what.in_flight, " in flight");
  }
  return name;
}

absl::StatusOr<std::vector<Row>> RunCell(const Cell& cell, const Options& options, RawMachine* raw,
                                         Pace* pace) {
  CellRun run(&cell, &options, raw, pace);
  TIDELOG_RETURN_IF_ERROR(run.SetUp());
  TIDELOG_RETURN_IF_ERROR(run.Run());
  std::vector<Row> rows = run.Rows();
  TIDELOG_RETURN_IF_ERROR(run.Close());
  return rows;
}

}  // namespace

absl::StatusOr<std::vector<Row>> RunPlan(const Options& options, const Plan& plan,
                                         const Progress& progress) {
  int pairs = 0;
  int set_ups = 0;
  for (const Cell& cell : plan.cells) {
    for (const Contender& contender : cell.contenders) pairs += contender.pairs;
    set_ups += static_cast<int>(cell.contenders.size());
  }
  std::vector<Row> rows;
  if (plan.cells.empty()) return rows;
  Pace pace(options.slice, options.deadline, pairs, set_ups);
  Scratch scratch(std::make_unique<RawMachine>(options.raw_file_bytes));
  TIDELOG_RETURN_IF_ERROR(scratch.Open(options.directory));
  RawMachine& raw = static_cast<RawMachine&>(*scratch);
  for (size_t i = 0; i < plan.cells.size(); ++i) {
    progress(i, plan.cells.size(), NameOf(plan.cells[i]));
    absl::StatusOr<std::vector<Row>> measured = RunCell(plan.cells[i], options, &raw, &pace);
    if (!measured.ok()) {
      return absl::Status(measured.status().code(),
                          absl::StrCat(NameOf(plan.cells[i]), ": ", measured.status().message()));
    }
    for (Row& row : *measured) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace tidelog::benchmark
