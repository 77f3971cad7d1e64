// LogView: what the scanners of one open log may read, and how they learn of more.
//
// While its writer owns the channel (`owned`), the writer says up to where everything is durable
// and unfenced.  Otherwise, in a reader's process or after a fence, ManifestFollower keeps the
// manifest, and scanners find the end of an unsealed segment by the watermarks in it.
#ifndef TIDELOG_IMPLS_FILE_LOG_VIEW_H_
#define TIDELOG_IMPLS_FILE_LOG_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "impls/file/manifest.h"
#include "impls/file/names.h"
#include "impls/file/segment_index.h"
#include "wal/async/signal.h"
#include "wal/io/file_system.h"
#include "wal/message/message_id.h"

namespace tidelog::impls::file {

// Confined to the log's executor.  Shared by the log and by what its scanners have in flight.
struct LogView {
  FileSystem* files = nullptr;
  std::string directory;  // Of the channel.
  MessageId::Origin origin;
  size_t read_ahead_bytes = 1u << 20;

  std::shared_ptr<const Manifest> manifest;  // The newest durable one, as far as is known.
  uint64_t version = 0;                      // Counts the manifests.

  bool owned = false;
  // Of a writer: looks whether it still owns the channel, and makes `owned` say so.
  absl::AnyInvocable<void()> look_at_fence;
  // While owned: all up to here is durable; and where that ends in the segment being written.
  uint64_t durable_id = 0;
  SegmentName durable_segment;
  uint64_t durable_end = 0;
  std::shared_ptr<const IndexBuilder> tail_index;  // Of that segment.

  absl::Status failed;  // Not OK: nothing more is learned, until somebody opens a scanner again.

  // Who is told of every change above, and of possible changes in the files.  Something may change
  // while a reader reads, so it compares `edges`.
  std::vector<Signal*> listeners;
  uint64_t edges = 0;

  void Notify() {
    ++edges;
    for (Signal* listener : listeners) listener->NotifyAll();
  }
  void AddListener(Signal* listener) { listeners.push_back(listener); }
  void RemoveListener(Signal* listener) { std::erase(listeners, listener); }
  void SetManifest(std::shared_ptr<const Manifest> newest) {
    manifest = std::move(newest);
    ++version;
    Notify();
  }
  MessageId IdOf(uint64_t number) const { return MessageId::FromNumber(origin, number); }
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_LOG_VIEW_H_
