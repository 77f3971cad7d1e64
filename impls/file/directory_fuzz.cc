// Any change to the files of a log, of any number of them at once: readers and the next owner get
// records that were appended, in their order and places, or are refused; nobody crashes or hangs.
//
// The input is a program, a byte an instruction and its operands behind it, that changes the files
// of a small log (testing/log_image.h): bytes, lengths, whole files, and names.  Its first byte
// says which log, and whether manifests may be forged: then their fields are changed, with a
// checksum that is right, which no damage does; so only crashes count.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/no_destructor.h"
#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "impls/file/manifest.h"
#include "impls/file/testing/damage_trial.h"
#include "impls/file/testing/log_image.h"
#include "wal/status.h"

namespace tidelog::impls::file {
namespace {

constexpr size_t kFileBytesMax = 16 << 10;

class Program {
 public:
  explicit Program(std::string_view bytes) : rest_(bytes) {}
  bool done() const { return rest_.empty(); }
  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const uint8_t byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  uint16_t Word() {
    const uint16_t low = Byte();
    return static_cast<uint16_t>(low | Byte() << 8);
  }
  uint64_t Number() {
    const int bits = Byte() % 65;
    const uint64_t number = uint64_t{Word()} << 48 | uint64_t{Word()} << 32 | Word();
    return bits == 0 ? 0 : number >> (64 - bits);
  }
  std::string_view Take(size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view rest_;
};

std::string* FileOf(Program* program, LogImage* image) {
  if (image->empty()) return nullptr;
  return &std::next(image->begin(), program->Byte() % image->size())->second;
}

void ChangeBytes(uint8_t instruction, Program* program, LogImage* image) {
  std::string* const file = FileOf(program, image);
  if (file == nullptr) return;
  const size_t at = std::min<size_t>(program->Word(), file->size());
  const size_t size = std::min<size_t>(program->Byte() + 1, file->size() - at);
  switch (instruction % 4) {
    case 0:
      for (size_t i = at; i < at + std::min<size_t>(size, 8); ++i) {
        (*file)[i] = static_cast<char>((*file)[i] ^ program->Byte());
      }
      return;
    case 1:
      file->replace(at, size, size, '\0');
      return;
    case 2:
      file->replace(at, size, program->Take(size));
      return;
    default:
      if (const std::string* from = FileOf(program, image); from != nullptr) {
        const std::string piece = from->substr(std::min<size_t>(program->Word(), from->size()));
        file->replace(at, std::min(file->size() - at, piece.size()), piece);
        if (file->size() > kFileBytesMax) file->resize(kFileBytesMax);
      }
  }
}

void ChangeFiles(uint8_t instruction, Program* program, LogImage* image) {
  std::string* const file = FileOf(program, image);
  if (file == nullptr) return;
  switch (instruction % 3) {
    case 0:
      file->resize(std::min<size_t>(program->Word(), kFileBytesMax));
      return;
    case 1:
      if (std::string* other = FileOf(program, image); other != file) std::swap(*file, *other);
      return;
    default:
      image->erase(std::next(image->begin(), program->Byte() % image->size()));
  }
}

void ForgeSegment(uint8_t field, uint64_t value, ManifestSegment* segment) {
  if (field == 0) segment->base_id = value;
  if (field == 1) segment->base_chain = static_cast<uint32_t>(value);
  if (field == 2) segment->name.number = static_cast<uint32_t>(value);
  if (field == 3) segment->name.incarnation = static_cast<uint32_t>(value);
  if (field == 4) segment->repaired = !segment->repaired;
  if (field == 5) segment->uuid[value % segment->uuid.size()] ^= 1;
  if (field == 6) segment->seal.reset();
  if (field < 7) return;
  if (!segment->seal.has_value()) segment->seal.emplace();
  Seal& seal = *segment->seal;
  if (field == 7) seal.last_id = value;
  if (field == 8) seal.end_offset = value;
  if (field == 9) seal.chain = static_cast<uint32_t>(value);
  if (field == 10) seal.last_tick = value;
  if (field == 11) seal.newest_time_tick_id = value;
  if (field == 12) seal.index_offset = value;
  if (field == 13) seal.side_index = !seal.side_index;
}

void ForgeManifest(Program* program, LogImage* image) {
  for (auto& [path, bytes] : *image) {
    if (!absl::StartsWith(path, "orders/manifest-")) continue;
    absl::StatusOr<Manifest> manifest = DecodeManifest(bytes);
    if (!manifest.ok() || manifest->segments.empty()) continue;
    const size_t segment = program->Byte() % (manifest->segments.size() + 1);
    const uint8_t field = program->Byte() % 16;
    const uint64_t value = program->Number();
    if (segment < manifest->segments.size()) {
      ForgeSegment(field, value, &manifest->segments[segment]);
    } else if (field % 3 == 0) {
      manifest->mark.id = value;
    } else if (field % 3 == 1) {
      manifest->mark.tick = value;
    } else {
      manifest->segments.pop_back();
    }
    bytes = EncodeManifest(*manifest);
  }
}

// What is appended, or was, and nothing else.
void MustBeKnown(const KnownLog& log, const ReadBack& back) {
  uint64_t before = 0;
  for (const StoredRecord& record : back.records) {
    CHECK_GT(record.id, before);
    before = record.id;
    const bool known =
        std::find(log.records.begin(), log.records.end(), record) != log.records.end() ||
        record == AppendedRecord(record.id);
    CHECK(known) << "record " << record.id << " was never appended";
  }
}

void MustBeRefusal(const absl::Status& status) {
  const WalErrorCode code = GetWalErrorCode(status);
  CHECK(status.ok() || code == WalErrorCode::kCorrupt || code == WalErrorCode::kInner ||
        code == WalErrorCode::kChannelNotExist || code == WalErrorCode::kUnmatchedTerm ||
        code == WalErrorCode::kInvalidArgument)
      << status;
}

void Fuzz(Program program) {
  const uint8_t mode = program.Byte();
  const bool forges = (mode & 2) != 0;
  static const absl::NoDestructor<KnownLog> of_zeros(MakeSmallLog(/*recycled=*/false));
  static const absl::NoDestructor<KnownLog> of_old_bytes(MakeSmallLog(/*recycled=*/true));
  const KnownLog& log = (mode & 1) == 0 ? *of_zeros : *of_old_bytes;
  LogImage image = log.image;
  for (int steps = 0; !program.done() && steps < 32; ++steps) {
    const uint8_t instruction = program.Byte();
    if (instruction < 128) {
      ChangeBytes(instruction, &program, &image);
    } else if (instruction < 192 || !forges) {
      ChangeFiles(instruction, &program, &image);
    } else {
      ForgeManifest(&program, &image);
    }
  }
  DamageTrial trial(image);
  const DamageOutcome outcome = trial.Run();
  if (forges) return;
  for (const ReadBack* back : {&outcome.reader, &outcome.gap_reader, &outcome.owner,
                               &outcome.owner_after, &outcome.reader_after}) {
    MustBeKnown(log, *back);
    MustBeRefusal(back->status);
  }
  MustBeRefusal(outcome.opened);
  MustBeRefusal(outcome.listed);
  MustBeRefusal(outcome.verified);
}

}  // namespace
}  // namespace tidelog::impls::file

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tidelog::impls::file::Fuzz(
      tidelog::impls::file::Program(std::string_view(reinterpret_cast<const char*>(data), size)));
  return 0;
}
