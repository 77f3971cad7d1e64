// Every subject keeps what it says: what was appended, by one call or another, is what a scan
// shows, also after it was closed and opened again.
#include "tools/benchmark/subject/subject.h"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/benchmark/subject/catalog.h"
#include "tools/benchmark/subject/raw.h"

namespace tidelog::benchmark {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

class SubjectTest : public ::testing::TestWithParam<std::string_view> {
 protected:
  SubjectTest() : directory_(absl::StrCat(::testing::TempDir(), "/", GetParam())) {
    std::filesystem::create_directories(directory_);
    auto subject = MakeSubject(GetParam(), Purpose::kRead);
    EXPECT_THAT(subject, IsOk());
    subject_ = *std::move(subject);
    EXPECT_THAT(subject_->Open(directory_), IsOk());
  }
  ~SubjectTest() override {
    EXPECT_THAT(subject_->Close(), IsOk());
    std::filesystem::remove_all(directory_);
  }

  std::vector<std::string> Scanned() {
    std::vector<std::string> payloads;
    EXPECT_THAT(subject_->Scan([&](std::string_view payload) { payloads.emplace_back(payload); }),
                IsOk());
    return payloads;
  }

  // By each call there is; the payloads differ in size and bytes.
  std::vector<std::string> AppendSome() {
    std::vector<std::string> payloads;
    for (size_t size : {1u, 128u, 70000u}) {
      payloads.emplace_back(size, static_cast<char>('a' + payloads.size()));
      EXPECT_THAT(subject_->Append(payloads.back()), IsOk());
    }
    payloads.insert(payloads.end(), 300, std::string(1024, 'z'));  // Keys of more than a byte.
    EXPECT_THAT(subject_->AppendBatch(payloads.back(), 300), IsOk());
    if (Asynchronous* asynchronous = subject_->asynchronous()) {
      payloads.insert(payloads.end(), 100, std::string(300, 'y'));
      EXPECT_THAT(asynchronous->AppendInFlight(payloads.back(), 8, {.count_max = 100}),
                  absl_testing::IsOkAndHolds(100u));
    }
    payloads.emplace_back("the last");
    EXPECT_THAT(subject_->Append(payloads.back()), IsOk());
    return payloads;
  }

  const std::string directory_;
  std::unique_ptr<Subject> subject_;
};

TEST_P(SubjectTest, AScanShowsWhatWasAppendedInOrder) {
  const std::vector<std::string> appended = AppendSome();
  EXPECT_THAT(Scanned(), ElementsAreArray(appended));
  EXPECT_THAT(Scanned(), ElementsAreArray(appended));  // As often as it is asked to.
}

TEST_P(SubjectTest, WhatWasAppendedIsThereAgainOnceItIsOpenedAgain) {
  const std::vector<std::string> appended = AppendSome();
  ASSERT_THAT(subject_->Close(), IsOk());
  ASSERT_THAT(subject_->Open(directory_), IsOk());
  EXPECT_THAT(Scanned(), ElementsAreArray(appended));
}

TEST_P(SubjectTest, SaysHowItIsSetUp) {
  EXPECT_EQ(subject_->facts().name, GetParam());
  EXPECT_TRUE(subject_->facts().durable);
  EXPECT_FALSE(subject_->facts().how.empty());
}

INSTANTIATE_TEST_SUITE_P(All, SubjectTest, ::testing::ValuesIn(SubjectNames()),
                         [](const auto& tested) { return std::string(tested.param); });

TEST(CatalogTest, ANameThatIsNoneIsRefusedWithThoseThereAre) {
  EXPECT_THAT(MakeSubject("paper", Purpose::kRead),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("\"paper\""), HasSubstr("file, backend, rocksdb"))));
}

TEST(RawMachineTest, CountsWhatIsDurableAndReadsItsWholeFile) {
  const std::string directory = absl::StrCat(::testing::TempDir(), "/raw");
  std::filesystem::create_directories(directory);
  RawMachine raw(/*file_bytes=*/4u << 20);
  ASSERT_THAT(raw.Open(directory), IsOk());
  EXPECT_THAT(raw.Append("one"), IsOk());
  EXPECT_THAT(raw.AppendBatch(std::string(1024, 'x'), 64), IsOk());
  EXPECT_THAT(raw.AppendInFlight(std::string(1024, 'x'), 16, {.count_max = 500}),
              absl_testing::IsOkAndHolds(500u));
  size_t bytes = 0;
  raw.set_scanned_payload(1024);
  EXPECT_THAT(raw.Scan([&](std::string_view payload) { bytes += payload.size(); }), IsOk());
  EXPECT_EQ(bytes, 4 * ((1u << 20) / (1024 + 32)) * 1024);
  EXPECT_THAT(raw.Close(), IsOk());
}

}  // namespace
}  // namespace tidelog::benchmark
