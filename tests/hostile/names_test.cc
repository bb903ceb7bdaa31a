// Names that mean something to somebody else: A16 of the list in docs/trust.md, for target names.

#include <filesystem>

#include "tests/hostile/hostile_test.h"

namespace hostile {
namespace {

using test::IsOk;

class A16Names : public HostileTest {
 protected:
  void ServeTarget(const std::string& name) {
    repository_.AddTarget(name, "content");
    PublishNextVersions();
    ASSERT_THAT(Refresh(), IsOk());
  }
  // All that lies in the directory that the cache and the saved targets are in.
  Words Everything() const {
    Words names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_.path()))
      names.push_back(entry.path().lexically_relative(directory_.path()));
    std::sort(names.begin(), names.end());
    return names;
  }
};

TEST_F(A16Names, ThatLeaveTheirFolderAreNeitherAskedForNorSaved) {
  std::filesystem::create_directory(saved_);
  const Words before = Everything();
  for (const std::string& name :
       {std::string("."), std::string(".."), std::string(), std::string("a//b"), std::string("/a"),
        std::string("/etc/passwd"), std::string("a/"), std::string("../a"),
        std::string("a/../../b"), std::string("a/./b"), std::string("a\\b"), std::string("..\\a"),
        std::string("a\nb"), std::string("a\rb"), std::string("a\x1b[2Jb"), std::string(300, 'n'),
        std::string("../metadata/root.json")}) {
    SCOPED_TRACE(name);
    ServeTarget(name);
    const Files cache = Cache();
    TakeRequests();
    const Result<> saved = Save(name);
    ASSERT_THAT(saved, test::Fails(ErrorCode::kMalformed));
    // What an attacker has written never steers a terminal.
    EXPECT_EQ(saved.error().message().find_first_of("\n\r\x1b"), std::string::npos);
    EXPECT_EQ(TakeRequests(), (Words{"2.root.json", "timestamp.json"}));
    EXPECT_EQ(Cache(), cache);
    EXPECT_EQ(Everything(), before);
  }
}

TEST_F(A16Names, ThatAreOnlyOddAreSavedAsTheyAre) {
  for (const std::string name : {"%2e%2e%2f", "%2fetc%2fpasswd",
                                 "?",         "a?b=c",
                                 "#",         "a#b",
                                 "a b",       "a+b",
                                 "a&b",       "a:b",
                                 "-rf",       "~root",
                                 "$HOME",     "*",
                                 "[a]",       "1.root",
                                 "timestamp", "root.json",
                                 "CON",       ".hidden",
                                 "...",       "\xc3\xa9",
                                 "e\xcc\x81", "\xf0\x9f\x98\x80"}) {
    SCOPED_TRACE(name);
    ServeTarget(name);
    EXPECT_THAT(Save(name), IsOk());
    EXPECT_EQ(Saved(), (Files{{name, "content"}}));
    std::filesystem::remove_all(saved_);
  }
}

TEST_F(A16Names, NeverChangeTheServer) {
  for (const std::string name : {"http:", "@evil", ":80", "%2f%2fevil"}) {
    SCOPED_TRACE(name);
    ServeTarget(name);
    TakeRequests();
    EXPECT_THAT(Save(name), IsOk());
    EXPECT_EQ(TakeRequests().size(), 3U);  // all three came to this server
  }
}

TEST_F(A16Names, OfAnotherNormalFormAreOtherNames) {
  ServeTarget("\xc3\xa9");                                            // U+00E9
  EXPECT_THAT(Save("e\xcc\x81"), test::Fails(ErrorCode::kNotFound));  // U+0065 U+0301
  EXPECT_THAT(Saved(), testing::IsEmpty());
}

TEST_F(A16Names, WithANulAreRefusedWithTheirMetadata) {
  repository_.AddTarget(std::string("a\0b", 3), "content");
  PublishNextVersions();
  ExpectRefusal({ErrorCode::kMalformed,
                 {"2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json"},
                 {Role::kTimestamp, Role::kSnapshot}});
}

TEST_F(A16Names, ThatAreNoUtf8AreRefusedWithTheirMetadata) {
  repository_.SetListing(test::Listing::kVersion);
  repository_.AddTarget("name", "content");
  repository_.PublishNextVersions();
  std::string targets = repository_.File("2.targets.json");
  targets[targets.find("\"name\"") + 1] = '\xff';
  repository_.SetFile("2.targets.json", targets);
  Serve();
  ExpectRefusal({ErrorCode::kMalformed,
                 {"2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json"},
                 {Role::kTimestamp, Role::kSnapshot}});
}

}  // namespace
}  // namespace hostile
