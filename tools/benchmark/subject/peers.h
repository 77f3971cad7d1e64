// The peers: stores of other people, as somebody would use them who needs a durable log.
//
// Each makes its first append behind whatever number it had: one that is opened again is read, and
// not appended to.
#ifndef TIDELOG_TOOLS_BENCHMARK_SUBJECT_PEERS_H_
#define TIDELOG_TOOLS_BENCHMARK_SUBJECT_PEERS_H_

#include <memory>

#include "tools/benchmark/subject/subject.h"

namespace tidelog::benchmark {

std::unique_ptr<Subject> MakeLevelDb();
std::unique_ptr<Subject> MakeLmdb();
std::unique_ptr<Subject> MakeRocksDb();
std::unique_ptr<Subject> MakeSqlite();

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_SUBJECT_PEERS_H_
