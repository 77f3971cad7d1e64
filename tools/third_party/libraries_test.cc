// One test a library: that it is found, compiles under every compiler and sanitizer of ours, and
// that the version in use behaves as the project relies on.

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/crc/crc32c.h"
#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "prometheus/exposer.h"
#include "prometheus/text_serializer.h"
#include "rapidcheck/gtest.h"
#include "tools/third_party/libraries.pb.h"

namespace tidelog::third_party {
namespace {

static_assert(std::is_same_v<absl::string_view, std::string_view>);

TEST(AbseilTest, ComputesTheStandardCrc32c) {
  EXPECT_EQ(static_cast<uint32_t>(absl::ComputeCrc32c("123456789")), 0xe3069283);
}

TEST(AbseilTest, OrderedMapIsIteratedInOrder) {
  const absl::flat_hash_map<int, std::string> unordered = {{2, "b"}, {1, "a"}};
  const absl::btree_map<int, std::string> ordered(unordered.begin(), unordered.end());
  EXPECT_THAT(ordered, testing::ElementsAre(testing::Pair(1, "a"), testing::Pair(2, "b")));
}

TEST(AbseilTest, StatusOrHoldsAnErrorOrAValue) {
  absl::StatusOr<int> result = absl::UnavailableError("closed");
  EXPECT_EQ(result.status().code(), absl::StatusCode::kUnavailable);
  result = 1;
  EXPECT_EQ(*result, 1);
}

TEST(AbseilTest, FailedCheckAbortsWithItsText) {
  EXPECT_DEATH(CHECK_EQ(1, 2) << "one is not two", "one is not two");
}

TEST(AbseilTest, MutexKeepsOthersOut) {
  absl::Mutex mutex;
  absl::MutexLock lock(&mutex);
  mutex.AssertHeld();
}

RC_GTEST_PROP(RapidCheckTest, ReversingTwiceChangesNothing, (const std::vector<int>& values)) {
  const std::vector<int> once(values.rbegin(), values.rend());
  const std::vector<int> twice(once.rbegin(), once.rend());
  RC_ASSERT(twice == values);
}

TEST(ProtobufTest, MessageSurvivesItsEncoding) {
  Libraries message;
  message.set_name("protobuf");
  message.mutable_built()->set_seconds(7);
  Libraries parsed;
  ASSERT_TRUE(parsed.ParseFromString(message.SerializeAsString()));
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(message, parsed));
}

TEST(Cli11Test, ParsesAnOption) {
  CLI::App app;
  int64_t seed = 0;
  app.add_option("--seed", seed);
  app.parse("--seed 7");
  EXPECT_EQ(seed, 7);
}

TEST(PrometheusTest, WritesNumbersAsText) {
  prometheus::MetricFamily family;
  family.name = "built_total";
  family.type = prometheus::MetricType::Counter;
  family.metric.resize(1);
  family.metric[0].counter.value = 7;
  const std::string text = prometheus::TextSerializer().Serialize({family});
  EXPECT_THAT(text, testing::HasSubstr("built_total 7\n"));
}

TEST(PrometheusTest, ListensWhereItIsTold) {
  const prometheus::Exposer exposer("127.0.0.1:0");
  EXPECT_THAT(exposer.GetListeningPorts(), testing::ElementsAre(testing::Gt(0)));
}

TEST(JsonTest, KeepsUnsigned64BitNumbers) {
  const nlohmann::json parsed = nlohmann::json::parse(R"({"seed": 18446744073709551615})");
  EXPECT_EQ(parsed.at("seed").get<uint64_t>(), UINT64_MAX);
}

}  // namespace
}  // namespace tidelog::third_party
