#include <lmdb.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tools/benchmark/subject/peers.h"
#include "tools/benchmark/subject/subject.h"
#include "wal/base/status_macros.h"

namespace tidelog::benchmark {
namespace {

// Address space, not disk.
constexpr size_t kMapBytes = size_t{64} << 30;

absl::Status Checked(int code, std::string_view what) {
  if (code == MDB_SUCCESS) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("lmdb: ", what, ": ", mdb_strerror(code)));
}

struct Abort {
  void operator()(MDB_txn* transaction) const { mdb_txn_abort(transaction); }
};
using Transaction = std::unique_ptr<MDB_txn, Abort>;

struct CloseCursor {
  void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};

class Lmdb final : public Subject {
 public:
  const Facts& facts() const override {
    static constexpr Facts kFacts = {
        .name = "lmdb",
        .durable = true,
        .peer = true,
        .groups_commits = false,
        .verifies = false,
        .how =
            "the default, durable commits, integer keys that grow and MDB_APPEND; a scan walks "
            "a cursor over the map, and the reader computes the CRC32C of each payload, as "
            "pages have no checksums",
    };
    return kFacts;
  }

  absl::Status Open(const std::string& directory) override {
    TIDELOG_RETURN_IF_ERROR(Checked(mdb_env_create(&environment_), "create"));
    TIDELOG_RETURN_IF_ERROR(Checked(mdb_env_set_mapsize(environment_, kMapBytes), "map size"));
    TIDELOG_RETURN_IF_ERROR(
        Checked(mdb_env_open(environment_, directory.c_str(), 0, 0644), "open"));
    Transaction transaction;
    TIDELOG_RETURN_IF_ERROR(Begin(0, &transaction));
    TIDELOG_RETURN_IF_ERROR(
        Checked(mdb_dbi_open(transaction.get(), nullptr, MDB_INTEGERKEY, &table_), "table"));
    return Commit(std::move(transaction));
  }

  absl::Status Append(std::string_view payload) override { return AppendBatch(payload, 1); }

  // Write transactions wait for one another.
  absl::Status AppendBatch(std::string_view payload, size_t count) override {
    Transaction transaction;
    TIDELOG_RETURN_IF_ERROR(Begin(0, &transaction));
    for (size_t i = 0; i < count; ++i) {
      uint64_t number = next_++;
      MDB_val key{sizeof(number), &number};
      MDB_val value{payload.size(), const_cast<char*>(payload.data())};
      TIDELOG_RETURN_IF_ERROR(
          Checked(mdb_put(transaction.get(), table_, &key, &value, MDB_APPEND), "put"));
    }
    return Commit(std::move(transaction));
  }

  absl::Status Scan(Visitor visit) override {
    Transaction transaction;
    TIDELOG_RETURN_IF_ERROR(Begin(MDB_RDONLY, &transaction));
    MDB_cursor* opened = nullptr;
    TIDELOG_RETURN_IF_ERROR(Checked(mdb_cursor_open(transaction.get(), table_, &opened), "cursor"));
    const std::unique_ptr<MDB_cursor, CloseCursor> cursor(opened);
    MDB_val key{};
    MDB_val value{};
    int code = mdb_cursor_get(cursor.get(), &key, &value, MDB_FIRST);
    for (; code == MDB_SUCCESS; code = mdb_cursor_get(cursor.get(), &key, &value, MDB_NEXT)) {
      visit(std::string_view(static_cast<const char*>(value.mv_data), value.mv_size));
    }
    return code == MDB_NOTFOUND ? absl::OkStatus() : Checked(code, "scan");
  }

  absl::Status Close() override {
    if (environment_ != nullptr) mdb_env_close(std::exchange(environment_, nullptr));
    return absl::OkStatus();
  }

 private:
  absl::Status Begin(unsigned flags, Transaction* transaction) {
    MDB_txn* begun = nullptr;
    const int code = mdb_txn_begin(environment_, nullptr, flags, &begun);
    transaction->reset(begun);
    return Checked(code, "begin");
  }
  static absl::Status Commit(Transaction transaction) {
    return Checked(mdb_txn_commit(transaction.release()), "commit");
  }

  MDB_env* environment_ = nullptr;
  MDB_dbi table_ = 0;
  uint64_t next_ = 0;  // In a write transaction.
};

}  // namespace

std::unique_ptr<Subject> MakeLmdb() { return std::make_unique<Lmdb>(); }

}  // namespace tidelog::benchmark
