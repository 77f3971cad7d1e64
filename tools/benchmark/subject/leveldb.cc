#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "leveldb/db.h"
#include "leveldb/iterator.h"
#include "leveldb/options.h"
#include "leveldb/write_batch.h"
#include "tools/benchmark/subject/key.h"
#include "tools/benchmark/subject/peers.h"
#include "tools/benchmark/subject/subject.h"
#include "wal/base/status_macros.h"

namespace tidelog::benchmark {
namespace {

// The largest that LevelDB takes.
constexpr size_t kMemtableBytes = size_t{1} << 30;

absl::Status Checked(const leveldb::Status& status, std::string_view what) {
  if (status.ok()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("leveldb: ", what, ": ", status.ToString()));
}

class LevelDb final : public Subject {
 public:
  const Facts& facts() const override {
    static constexpr Facts kFacts = {
        .name = "leveldb",
        .durable = true,
        .peer = true,
        .groups_commits = true,
        .verifies = true,
        .how =
            "WriteOptions.sync, 8-byte keys that grow, no compression, a memtable of 1 GiB; in "
            "flight: threads; a scan iterates over the whole store, compacted into tables "
            "before, with verify_checksums, past the block cache",
    };
    return kFacts;
  }

  absl::Status Open(const std::string& directory) override {
    leveldb::Options options;
    options.create_if_missing = true;
    options.compression = leveldb::kNoCompression;
    options.write_buffer_size = kMemtableBytes;
    leveldb::DB* db = nullptr;
    TIDELOG_RETURN_IF_ERROR(Checked(leveldb::DB::Open(options, directory, &db), "open"));
    db_.reset(db);
    return absl::OkStatus();
  }

  absl::Status Append(std::string_view payload) override {
    compacted_.store(false, std::memory_order_relaxed);
    const Key key(next_.fetch_add(1));
    return Checked(db_->Put(Durably(), Slice(key.bytes()), Slice(payload)), "put");
  }

  absl::Status AppendBatch(std::string_view payload, size_t count) override {
    compacted_.store(false, std::memory_order_relaxed);
    leveldb::WriteBatch batch;
    for (size_t i = 0; i < count; ++i) {
      const Key key(next_.fetch_add(1));
      batch.Put(Slice(key.bytes()), Slice(payload));
    }
    return Checked(db_->Write(Durably(), &batch), "write");
  }

  absl::Status Scan(Visitor visit) override {
    if (!compacted_.exchange(true)) db_->CompactRange(nullptr, nullptr);
    leveldb::ReadOptions options;
    options.verify_checksums = true;
    options.fill_cache = false;
    const std::unique_ptr<leveldb::Iterator> iterator(db_->NewIterator(options));
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      visit(std::string_view(iterator->value().data(), iterator->value().size()));
    }
    return Checked(iterator->status(), "scan");
  }

  absl::Status Close() override {
    db_.reset();
    return absl::OkStatus();
  }

 private:
  static leveldb::Slice Slice(std::string_view text) { return {text.data(), text.size()}; }
  static leveldb::WriteOptions Durably() {
    leveldb::WriteOptions options;
    options.sync = true;
    return options;
  }

  std::unique_ptr<leveldb::DB> db_;
  std::atomic<uint64_t> next_{0};
  std::atomic<bool> compacted_{false};
};

}  // namespace

std::unique_ptr<Subject> MakeLevelDb() { return std::make_unique<LevelDb>(); }

}  // namespace tidelog::benchmark
