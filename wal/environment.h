// Environment: everything outside the process that a log touches, handed in once at Build().
#ifndef TIDELOG_WAL_ENVIRONMENT_H_
#define TIDELOG_WAL_ENVIRONMENT_H_

#include "wal/types.h"

namespace tidelog {

class CheckpointStore;
class FileSystem;
class FlowSignals;
class MetricRegistry;
class Observer;
class Runtime;
class Tracer;

// An external source of time ticks, for a cluster that has one (Milvus's TSO).  Implemented by the
// embedder. Safe from any thread.
class TimeTickSource {
 public:
  virtual ~TimeTickSource() = default;
  // A tick that is no more than the source's present and that never goes back.  Must not block: it
  // is asked once an append, so read ahead in batches.  A channel allocates the greater of this and
  // its own last tick plus one.
  virtual TimeTick Now() = 0;
};

// What is null is replaced by the process's own thread runtime and files, which live as long as the
// program; without ticks every channel has a hybrid clock of its own (D1); without an observer
// events are logged; without metrics none are kept (H4); without flow nobody tells of the node's
// memory and its consumers (G5); without a tracer nothing is traced (wal/tracer.h).
//
// Whatever is given must outlive every Opener that was built with it, and must go on living until
// runtime->quarantine() is empty: a call that hangs in the backend may still use it (H2).
struct Environment {
  Runtime* runtime = nullptr;
  FileSystem* files = nullptr;
  TimeTickSource* ticks = nullptr;
  Observer* observer = nullptr;
  // Null: that of the backend, if it brings one (file does), else none, and then checkpoints are
  // refused (G2).
  CheckpointStore* checkpoints = nullptr;
  MetricRegistry* metrics = nullptr;
  FlowSignals* flow = nullptr;
  Tracer* tracer = nullptr;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_ENVIRONMENT_H_
