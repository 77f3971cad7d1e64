#include "tools/benchmark/report.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tools/benchmark/place.h"
#include "tools/benchmark/plan.h"
#include "tools/benchmark/row.h"

namespace tidelog::benchmark {
namespace {

using ::testing::ElementsAre;
using Json = nlohmann::ordered_json;

Row Sample() {
  Row row;
  row.work = "append";
  row.subject = "file";
  row.payload = 1024;
  row.in_flight = 64;
  row.unit = "records/s";
  row.values = {150, 170, 160};
  row.raws = {100, 100, 100};
  row.spoiled = {{2, "25% of the processor was stolen"}};
  return row;
}

std::vector<std::string> KeysOf(const Json& json) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  return keys;
}

TEST(ReportTest, ARowHasWhatAReaderLooksFor) {
  const Json json = ToJson(Sample());
  EXPECT_EQ(json["work"], "append");
  EXPECT_EQ(json["subject"], "file");
  EXPECT_EQ(json["payload"], 1024);
  EXPECT_EQ(json["in_flight"], 64);
  EXPECT_EQ(json["durable"], true);
  EXPECT_EQ(json["median"], 160.0);
  EXPECT_EQ(json["min"], 150.0);
  EXPECT_EQ(json["max"], 170.0);
  EXPECT_EQ(json["ratio_to_raw"], 1.6);
  EXPECT_EQ(json["ratio_min"], 1.5);
  EXPECT_EQ(json["ratio_max"], 1.7);
  EXPECT_EQ(json["samples"], 3);
}

TEST(ReportTest, NamesTheRoundsThatWereSpoiled) {
  EXPECT_THAT(ToJson(Sample())["spoiled"], ElementsAre("round 2: 25% of the processor was stolen"));
}

// Consumers find the same keys in each row.
TEST(ReportTest, WhatWasNotMeasuredIsNullAndNotMissing) {
  Row spoiled = Sample();
  spoiled.values.clear();
  spoiled.raws.clear();
  const Json json = ToJson(spoiled);
  EXPECT_EQ(KeysOf(json), KeysOf(ToJson(Sample())));
  for (const char* key : {"median", "ratio_to_raw", "best_peer", "ratio_to_best_peer"}) {
    EXPECT_TRUE(json[key].is_null()) << key;
  }
}

TEST(ReportTest, SaysWhereHowAndWhatWasLeftOut) {
  Options options;
  options.subjects = {"file", "lmdb"};
  const Place place{"ext4", "Linux 6.1", "a processor", 2};
  const Json json = ToJson(options, place, {Sample()}, {{"append", "lmdb", "one writer"}});
  EXPECT_EQ(json["version"], 1);
  EXPECT_EQ(json["place"]["file_system"], "ext4");
  ASSERT_EQ(json["subjects"].size(), 3u);
  EXPECT_EQ(json["subjects"][0]["subject"], "raw");
  EXPECT_EQ(json["subjects"][2]["peer"], true);
  EXPECT_EQ(json["rows"].size(), 1u);
  EXPECT_EQ(json["left_out"][0]["why"], "one writer");
}

}  // namespace
}  // namespace tidelog::benchmark
