#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/benchmark/life.h"
#include "tools/benchmark/plan.h"
#include "tools/benchmark/processor_time.h"
#include "tools/benchmark/row.h"
#include "tools/benchmark/sample.h"
#include "tools/benchmark/scratch.h"
#include "tools/benchmark/statistics.h"
#include "tools/benchmark/subject/catalog.h"
#include "tools/benchmark/subject/subject.h"
#include "wal/async/runtime.h"
#include "wal/async/thread_runtime.h"
#include "wal/base/status_macros.h"

namespace tidelog::benchmark {
namespace {

constexpr size_t kPayload = 1024;

struct Entry {
  Scratch scratch;
  std::vector<Pair> opens;
};

absl::StatusOr<Pair> OpenOnce(Scratch* scratch, const std::string& directory, int round) {
  const Runtime* runtime = DefaultRuntime();
  const ProcessorTime before = ProcessorTime::Now();
  const absl::Duration started = runtime->Now();
  TIDELOG_RETURN_IF_ERROR(scratch->Open(directory));
  const absl::Duration took = runtime->Now() - started;
  const double stolen = StolenBetween(before, ProcessorTime::Now());
  TIDELOG_RETURN_IF_ERROR(scratch->Close());
  return Pair{round, 1, absl::ToDoubleMilliseconds(took), stolen};
}

Row RowOf(Entry& entry, const Options& options) {
  const Facts& facts = entry.scratch->facts();
  Row row;
  row.work = "open";
  row.subject = facts.name;
  row.peer = facts.peer;
  row.durable = facts.durable;
  row.payload = kPayload;
  row.unit = "ms";
  row.more_is_better = false;
  Judgement judgement{entry.opens, {}};
  if (!options.keep_spoiled) judgement = Judge(entry.opens, {1}, options.noise);
  for (const Pair& open : judgement.used) row.values.push_back(open.sample);
  row.spoiled = std::move(judgement.spoiled);
  return row;
}

}  // namespace

absl::StatusOr<std::vector<Row>> MeasureOpen(const Options& options) {
  std::vector<Entry> entries;
  for (const std::string& name : options.subjects) {
    std::unique_ptr<Subject> subject;
    TIDELOG_ASSIGN_OR_RETURN(subject, MakeSubject(name, Purpose::kRead));
    entries.push_back({Scratch(std::move(subject)), {}});
    Scratch& scratch = entries.back().scratch;
    TIDELOG_RETURN_IF_ERROR(scratch.Open(options.directory));
    TIDELOG_RETURN_IF_ERROR(Fill(*scratch, kPayload, options.bytes_to_read / kPayload));
    TIDELOG_RETURN_IF_ERROR(scratch.Close());
  }
  for (int round = 1; round <= options.pairs; ++round) {
    for (size_t turn = 0; turn < entries.size(); ++turn) {
      Entry& entry = entries[(turn + static_cast<size_t>(round)) % entries.size()];
      absl::StatusOr<Pair> open = OpenOnce(&entry.scratch, options.directory, round);
      if (!open.ok()) return open.status();
      entry.opens.push_back(*open);
    }
  }
  std::vector<Row> rows;
  for (Entry& entry : entries) rows.push_back(RowOf(entry, options));
  return rows;
}

}  // namespace tidelog::benchmark
