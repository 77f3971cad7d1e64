// A whole node: the manager, the adaptor and a backend, as they are linked together.
#include "adaptor/node/node.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"
#include "wal/environment.h"
#include "wal/message/message.h"
#include "wal/node_manager.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog {
namespace {

class NodeTest : public testing::Test {
 protected:
  NodeTest() {
    Environment environment;
    environment.runtime = &runtime_;
    node_ = MakeNodeManager(environment);
  }
  ~NodeTest() override {
    EXPECT_TRUE(runtime_.Run([this] { return node_->Close(); }).ok());
    EXPECT_EQ(runtime_.quarantine().size(), 0u);
  }

  static PChannel Channel(int number, int64_t term) {
    return {absl::StrCat("channel-", number), Term{term}};
  }
  static BackendChoice Memory() { return {"memory", {}}; }

  // The answers, once all are there.
  std::vector<WalErrorCode> Await(std::vector<Future<absl::Status>> futures) {
    std::vector<WalErrorCode> codes;
    for (Future<absl::Status>& future : futures) {
      const absl::Status status = runtime_.Run([&future] { return std::move(future); });
      codes.push_back(GetWalErrorCode(status));
    }
    return codes;
  }
  absl::StatusOr<AppendResult> Append(Wal& wal, std::string_view payload) {
    absl::StatusOr<MutableMessage> message =
        MutableMessage::Builder(MessageType::kInsert).Build(payload);
    CHECK_OK(message);
    return runtime_.Run([&] { return wal.Append(*std::move(message), {}); });
  }
  std::unique_ptr<Wal> MustGet(const PChannel& channel) {
    absl::StatusOr<std::unique_ptr<Wal>> wal = runtime_.Run([&] { return node_->Get(channel); });
    CHECK_OK(wal);
    return *std::move(wal);
  }

  TestRuntime runtime_;
  std::unique_ptr<NodeManager> node_;
};

// Goal: a thousand channels open, are written, pass to higher terms with what they hold, and close.
TEST_F(NodeTest, HoldsAThousandChannels) {
  constexpr int kCount = 1000;
  const std::vector<WalErrorCode> fine(kCount, WalErrorCode::kOk);
  std::vector<Future<absl::Status>> assigned;
  for (int i = 0; i < kCount; ++i) assigned.push_back(node_->Assign(Channel(i, 1), Memory()));
  EXPECT_EQ(Await(std::move(assigned)), fine);
  for (int i = 0; i < kCount; ++i) {
    const std::unique_ptr<Wal> wal = MustGet(Channel(i, 1));
    ASSERT_TRUE(Append(*wal, "a").ok());
  }
  std::vector<Future<absl::Status>> reassigned;
  for (int i = 0; i < kCount; ++i) reassigned.push_back(node_->Assign(Channel(i, 2), Memory()));
  EXPECT_EQ(Await(std::move(reassigned)), fine);
  const std::unique_ptr<Wal> last = MustGet(Channel(kCount - 1, 2));
  const absl::StatusOr<LogInfo> info = runtime_.Run([&] { return last->Info(); });
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->newest_term, Term{2});
  std::vector<Future<absl::Status>> removed;
  for (int i = 0; i < kCount / 2; ++i) removed.push_back(node_->Remove(Channel(i, 2)));
  EXPECT_EQ(Await(std::move(removed)), std::vector<WalErrorCode>(kCount / 2, WalErrorCode::kOk));
  EXPECT_EQ(runtime_.Run([this] { return node_->Channels(); }).size(), size_t{kCount});
}

TEST_F(NodeTest, NamesTheBackendsThereAreToWhoAsksForAnother) {
  const absl::Status status = runtime_.Run([this] {
    return node_->Assign(Channel(1, 1), {"tape", {}});
  });
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kInvalidArgument);
  EXPECT_NE(status.message().find("memory"), std::string_view::npos) << status;
}

}  // namespace
}  // namespace tidelog
