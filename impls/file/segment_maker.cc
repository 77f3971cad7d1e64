#include "impls/file/segment_maker.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "wal/base/mutant.h"
#include "wal/base/status_macros.h"

namespace tidelog::impls::file {

namespace {

// Zeros are written in pieces, and each begins its way to the device at once: one sync of a whole
// segment's would hold up the groups that wait for the same disk.
constexpr uint64_t kPieceBytes = 512u << 10;

Future<absl::Status> WriteZeros(File* file, uint64_t capacity) {
  // Reserved first, which makes one extent, and makes writing half as dear.
  absl::Status reserved = co_await file->Allocate(capacity);
  TIDELOG_CO_RETURN_IF_ERROR(reserved);
  const std::vector<char> zeros(std::min(capacity, kPieceBytes));
  for (uint64_t at = 0; at < capacity; at += zeros.size()) {
    const uint64_t size = std::min<uint64_t>(capacity - at, zeros.size());
    const std::span<const char> pieces[] = {std::span<const char>(zeros).first(size)};
    absl::Status written = co_await file->Write(at, pieces);
    TIDELOG_CO_RETURN_IF_ERROR(written);
    co_await file->StartWriteBack(at, size);
  }
  co_return absl::OkStatus();
}

Future<absl::Status> Fill(File* file, uint64_t capacity, FileOptions::Preallocate preallocate) {
  if (preallocate == FileOptions::Preallocate::kReserve) {
    absl::Status reserved = co_await file->Allocate(capacity);
    TIDELOG_CO_RETURN_IF_ERROR(reserved);
  } else if (preallocate == FileOptions::Preallocate::kNone) {
    absl::Status sized = co_await file->Truncate(capacity);
    TIDELOG_CO_RETURN_IF_ERROR(sized);
  } else {
    absl::Status written = co_await WriteZeros(file, capacity);
    TIDELOG_CO_RETURN_IF_ERROR(written);
  }
  absl::Status synced = co_await file->Sync();
  co_return synced;
}

Future<absl::StatusOr<BlankSegment>> OpenRecycled(FileSystem* files, std::string path,
                                                  SegmentName name, uint64_t capacity) {
  absl::StatusOr<std::unique_ptr<File>> file = co_await files->Open(path, OpenMode::kReadWrite);
  TIDELOG_CO_RETURN_IF_ERROR(file.status());
  absl::StatusOr<uint64_t> size = co_await (*file)->Size();
  TIDELOG_CO_RETURN_IF_ERROR(size.status());
  if (*size != capacity) {
    co_return absl::FailedPreconditionError(
        absl::StrCat(path, " is ", *size, " bytes long, a new segment ", capacity));
  }
  co_return BlankSegment{name, *std::move(file), capacity, /*recycled=*/true};
}

}  // namespace

Future<absl::StatusOr<BlankSegment>> MakeBlankSegment(FileSystem* files, std::string directory,
                                                      SegmentName name, uint64_t capacity,
                                                      FileOptions::Preallocate preallocate) {
  BlankSegment blank;
  blank.name = name;
  blank.capacity = capacity;
  const std::string path = PathOf(directory, name.FileName());
  absl::StatusOr<std::unique_ptr<File>> file =
      co_await files->Open(path, OpenMode::kCreateExclusive);
  TIDELOG_CO_RETURN_IF_ERROR(file.status());
  blank.file = *std::move(file);
  absl::Status filled = co_await Fill(blank.file.get(), capacity, preallocate);
  if (filled.ok()) co_return blank;
  blank.file.reset();
  (void)co_await files->Unlink(path);  // A name that stays is swept by a later term.
  co_return filled;
}

Future<absl::StatusOr<BlankSegment>> RecycleSegment(FileSystem* files, std::string directory,
                                                    SegmentName old_name, SegmentName name,
                                                    uint64_t capacity) {
  const std::string old_path = PathOf(directory, old_name.FileName());
  const std::string path = PathOf(directory, name.FileName());
  absl::Status linked = co_await files->Link(old_path, path);
  (void)co_await files->Unlink(old_path);
  TIDELOG_CO_RETURN_IF_ERROR(linked);
  absl::StatusOr<BlankSegment> blank = co_await OpenRecycled(files, path, name, capacity);
  if (!blank.ok()) (void)co_await files->Unlink(path);
  co_return blank;
}

Future<absl::Status> WriteSegmentHeader(std::shared_ptr<File> file, SegmentHeader header) {
  const std::string block = EncodeSegmentHeader(header);
  const std::span<const char> pieces[] = {std::span<const char>(block)};
  if (MutantIs(Mutant::kSegmentListedBeforeSynced)) {
    absl::Status written = co_await file->Write(0, pieces);
    co_return written;
  }
  WriteSyncResult result = co_await file->WriteAndSync(0, pieces, Runtime::Urgency::kWhenIdle);
  TIDELOG_CO_RETURN_IF_ERROR(result.write);
  co_return result.sync;
}

}  // namespace tidelog::impls::file
