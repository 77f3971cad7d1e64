#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "rocksdb/db.h"
#include "rocksdb/options.h"
#include "rocksdb/transaction_log.h"
#include "rocksdb/write_batch.h"
#include "tools/benchmark/subject/key.h"
#include "tools/benchmark/subject/peers.h"
#include "tools/benchmark/subject/subject.h"
#include "wal/base/status_macros.h"

namespace tidelog::benchmark {
namespace {

// Nothing is flushed to tables while it is measured: a log is a log, and RocksDB's is its WAL.
constexpr size_t kMemtableBytes = size_t{2} << 30;

absl::Status Checked(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("rocksdb: ", what, ": ", status.ToString()));
}

// Shows the values of one batch of the log.
class Values final : public rocksdb::WriteBatch::Handler {
 public:
  explicit Values(Visitor visit) : visit_(visit) {}
  rocksdb::Status PutCF(uint32_t, const rocksdb::Slice&, const rocksdb::Slice& value) override {
    visit_(std::string_view(value.data(), value.size()));
    return rocksdb::Status::OK();
  }

 private:
  const Visitor visit_;
};

class RocksDb final : public Subject {
 public:
  const Facts& facts() const override {
    static constexpr Facts kFacts = {
        .name = "rocksdb",
        .durable = true,
        .peer = true,
        .groups_commits = true,
        .verifies = true,
        .how =
            "WriteOptions.sync, 8-byte keys that grow, no compression, a memtable of 2 GiB so "
            "that only the WAL is written; in flight: threads; a scan reads the WAL by "
            "GetUpdatesSince(), which verifies its checksums",
    };
    return kFacts;
  }

  absl::Status Open(const std::string& directory) override {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.compression = rocksdb::kNoCompression;
    options.write_buffer_size = kMemtableBytes;
    options.avoid_flush_during_recovery = true;
    options.avoid_flush_during_shutdown = true;
    rocksdb::DB* db = nullptr;
    TIDELOG_RETURN_IF_ERROR(Checked(rocksdb::DB::Open(options, directory, &db), "open"));
    db_.reset(db);
    return absl::OkStatus();
  }

  absl::Status Append(std::string_view payload) override {
    const Key key(next_.fetch_add(1));
    return Checked(db_->Put(Durably(), Slice(key.bytes()), Slice(payload)), "put");
  }

  absl::Status AppendBatch(std::string_view payload, size_t count) override {
    rocksdb::WriteBatch batch;
    for (size_t i = 0; i < count; ++i) {
      const Key key(next_.fetch_add(1));
      TIDELOG_RETURN_IF_ERROR(Checked(batch.Put(Slice(key.bytes()), Slice(payload)), "batch"));
    }
    return Checked(db_->Write(Durably(), &batch), "write");
  }

  absl::Status Scan(Visitor visit) override {
    std::unique_ptr<rocksdb::TransactionLogIterator> iterator;
    TIDELOG_RETURN_IF_ERROR(Checked(db_->GetUpdatesSince(0, &iterator), "updates"));
    Values values(visit);
    for (; iterator->Valid(); iterator->Next()) {
      const rocksdb::BatchResult batch = iterator->GetBatch();
      TIDELOG_RETURN_IF_ERROR(Checked(batch.writeBatchPtr->Iterate(&values), "iterate"));
    }
    return Checked(iterator->status(), "scan");
  }

  absl::Status Close() override {
    if (db_ == nullptr) return absl::OkStatus();
    const absl::Status closed = Checked(db_->Close(), "close");
    db_.reset();
    return closed;
  }

 private:
  static rocksdb::Slice Slice(std::string_view text) { return {text.data(), text.size()}; }
  static rocksdb::WriteOptions Durably() {
    rocksdb::WriteOptions options;
    options.sync = true;
    return options;
  }

  std::unique_ptr<rocksdb::DB> db_;
  std::atomic<uint64_t> next_{0};
};

}  // namespace

std::unique_ptr<Subject> MakeRocksDb() { return std::make_unique<RocksDb>(); }

}  // namespace tidelog::benchmark
