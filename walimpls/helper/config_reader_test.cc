#include "walimpls/helper/config_reader.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::walimpls {
namespace {

using ::testing::HasSubstr;

TEST(ConfigReaderTest, WhatIsNotSetHasItsDefault) {
  const Config config;
  ConfigReader reader("tape", config);
  EXPECT_EQ(reader.Text("path", "here"), "here");
  EXPECT_EQ(reader.Number("reels", 3, {1, 9}), 3u);
  EXPECT_TRUE(reader.Finish().ok());
}

TEST(ConfigReaderTest, WhatIsSetIsTaken) {
  const Config config = {{"path", ""}, {"reels", "9"}};
  ConfigReader reader("tape", config);
  EXPECT_EQ(reader.Text("path", "here"), "");
  EXPECT_EQ(reader.Number("reels", 3, {1, 9}), 9u);
  EXPECT_TRUE(reader.Finish().ok());
}

TEST(ConfigReaderTest, ABadNumberIsNamedWithItsRange) {
  for (const char* bad : {"0", "10", "-1", "x", "", "1 ", "01", "1e0", "99999999999999999999999"}) {
    const Config config = {{"reels", bad}};
    ConfigReader reader("tape", config);
    EXPECT_EQ(reader.Number("reels", 3, {1, 9}), 3u);
    const absl::Status error = reader.Finish();
    EXPECT_EQ(GetWalErrorCode(error), WalErrorCode::kInvalidArgument) << bad;
    EXPECT_THAT(error.message(), HasSubstr("setting reels of backend tape"));
    EXPECT_THAT(error.message(), HasSubstr("from 1 to 9"));
  }
}

TEST(ConfigReaderTest, TheFirstBadValueIsTheOneReported) {
  const Config config = {{"heads", "many"}, {"reels", "none"}};
  ConfigReader reader("tape", config);
  reader.Number("reels", 3, {1, 9});
  reader.Number("heads", 3, {1, 9});
  EXPECT_THAT(reader.Finish().message(), HasSubstr("reels"));
}

TEST(ConfigReaderTest, AnUnknownKeyIsNamedWithThoseThereAre) {
  const Config config = {{"reals", "3"}};
  ConfigReader reader("tape", config);
  reader.Number("reels", 3, {1, 9});
  reader.Text("path", "");
  const absl::Status error = reader.Finish();
  EXPECT_EQ(GetWalErrorCode(error), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message(), HasSubstr("no setting \"reals\""));
  EXPECT_THAT(error.message(), HasSubstr("path, reels"));
}

}  // namespace
}  // namespace tidelog::walimpls
