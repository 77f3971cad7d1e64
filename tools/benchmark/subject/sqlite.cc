#include <sqlite3.h>

#include <cstddef>
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

constexpr char kSetUp[] =
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "CREATE TABLE IF NOT EXISTS log(id INTEGER PRIMARY KEY, payload BLOB NOT NULL);";
constexpr char kInsert[] = "INSERT INTO log(payload) VALUES(?1)";
constexpr char kSelect[] = "SELECT payload FROM log ORDER BY id";

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

class Sqlite final : public Subject {
 public:
  const Facts& facts() const override {
    static constexpr Facts kFacts = {
        .name = "sqlite",
        .durable = true,
        .peer = true,
        .groups_commits = false,
        .verifies = false,
        .how =
            "journal_mode=WAL, synchronous=FULL, a table of blobs by rowid, a prepared INSERT; "
            "a scan is SELECT ... ORDER BY id, and the reader computes the CRC32C of each "
            "payload, as pages have no checksums",
    };
    return kFacts;
  }

  absl::Status Open(const std::string& directory) override {
    const std::string path = directory + "/log.db";
    const int opened = sqlite3_open(path.c_str(), &db_);
    if (opened != SQLITE_OK) return Error("open");
    TIDELOG_RETURN_IF_ERROR(Execute(kSetUp));
    TIDELOG_RETURN_IF_ERROR(Prepare(kInsert, &insert_));
    return Prepare(kSelect, &select_);
  }

  // Transactions of several threads would wait for each other here or there.
  absl::Status Append(std::string_view payload) override {
    sqlite3_mutex* const mutex = sqlite3_db_mutex(db_);
    sqlite3_mutex_enter(mutex);
    absl::Status inserted = Insert(payload);
    sqlite3_mutex_leave(mutex);
    return inserted;
  }

  absl::Status AppendBatch(std::string_view payload, size_t count) override {
    TIDELOG_RETURN_IF_ERROR(Execute("BEGIN"));
    for (size_t i = 0; i < count; ++i) TIDELOG_RETURN_IF_ERROR(Insert(payload));
    return Execute("COMMIT");
  }

  absl::Status Scan(Visitor visit) override {
    int step = SQLITE_ROW;
    while ((step = sqlite3_step(select_.get())) == SQLITE_ROW) {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(select_.get(), 0));
      visit(std::string_view(bytes, static_cast<size_t>(sqlite3_column_bytes(select_.get(), 0))));
    }
    sqlite3_reset(select_.get());
    return step == SQLITE_DONE ? absl::OkStatus() : Error("scan");
  }

  absl::Status Close() override {
    insert_.reset();
    select_.reset();
    const int closed = sqlite3_close(std::exchange(db_, nullptr));
    return closed == SQLITE_OK ? absl::OkStatus() : absl::InternalError("sqlite: close: busy");
  }

 private:
  absl::Status Error(std::string_view what) const {
    return absl::InternalError(absl::StrCat("sqlite: ", what, ": ", sqlite3_errmsg(db_)));
  }
  absl::Status Execute(const char* text) {
    const int done = sqlite3_exec(db_, text, nullptr, nullptr, nullptr);
    return done == SQLITE_OK ? absl::OkStatus() : Error(text);
  }
  absl::Status Prepare(const char* text, Statement* statement) {
    sqlite3_stmt* prepared = nullptr;
    const int done = sqlite3_prepare_v2(db_, text, -1, &prepared, nullptr);
    statement->reset(prepared);
    return done == SQLITE_OK ? absl::OkStatus() : Error(text);
  }
  absl::Status Insert(std::string_view payload) {
    sqlite3_bind_blob(insert_.get(), 1, payload.data(), static_cast<int>(payload.size()),
                      SQLITE_STATIC);
    const int step = sqlite3_step(insert_.get());
    sqlite3_reset(insert_.get());
    return step == SQLITE_DONE ? absl::OkStatus() : Error("insert");
  }

  sqlite3* db_ = nullptr;
  Statement insert_;
  Statement select_;
};

}  // namespace

std::unique_ptr<Subject> MakeSqlite() { return std::make_unique<Sqlite>(); }

}  // namespace tidelog::benchmark
