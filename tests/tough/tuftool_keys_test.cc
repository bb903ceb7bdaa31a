// Where tuftool's private keys come from: encrypted files, a terminal, a PKCS#11 token; and where
// their passphrases never go.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/tough/tuftool_fixture.h"

namespace tough {
namespace {

using testing::HasSubstr;
using testing::Not;

class TuftoolKeys : public TuftoolTest {
 protected:
  void SetUp() override {
    Done({"root", "init", "root.json"});
    Done({"root", "expire", "root.json", "in 52 weeks"});
  }
};

TEST_F(TuftoolKeys, EncryptsANewKeyIfAsked) {
  Write(directory_ / "passphrase", "correct horse\n");
  Done({"root", "gen-ed25519-key", "root.json", "key.pem", "-r", "root", "--encrypt",
        "--passphrase-file", "passphrase"});
  EXPECT_THAT(Read(directory_ / "key.pem"), HasSubstr("BEGIN ENCRYPTED PRIVATE KEY"));
  struct stat status{};
  ASSERT_EQ(stat((directory_ / "key.pem").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  Refuses({"root", "sign", "root.json", "-k", "key.pem"}, 2, "the key is encrypted");
  Write(directory_ / "wrong", "battery staple\n");
  Refuses({"root", "sign", "root.json", "-k", "key.pem", "--passphrase-file", "wrong"}, 2,
          "key.pem: wrong passphrase");
  Done({"root", "sign", "root.json", "-k", "key.pem", "--passphrase-file", "passphrase"});
}

TEST_F(TuftoolKeys, NeedsAPassphraseToEncrypt) {
  const std::vector<std::string> generate = {"root", "gen-ed25519-key", "root.json", "key.pem",
                                             "--encrypt"};
  // In a session of its own there is no terminal.
  const test::ProcessResult result = test::RunProcess(
      {.program = "setsid",
       .arguments = Joined({"-w", test::Program("tough/tuftool/tuftool")}, generate),
       .working_directory = directory_.path()});
  EXPECT_EQ(result.exit_status, 2);
  EXPECT_THAT(result.errors, HasSubstr("there is no terminal"));
  EXPECT_FALSE(Exists("key.pem"));
}

TEST_F(TuftoolKeys, TakesThePassphraseFromADescriptor) {
  Write(directory_ / "passphrase", "secret\n");
  environment_ = {{"TUFTOOL_PASSPHRASE", "secret"}};
  Done({"root", "gen-ed25519-key", "root.json", "key.pem", "-r", "root", "--encrypt"});
  environment_ = {};
  const test::ProcessResult result = test::RunProcess(
      {.program = "sh",
       .arguments = {"-c",
                     "exec \"$0\" root sign root.json -k key.pem --passphrase-fd 7 7<passphrase",
                     test::Program("tough/tuftool/tuftool")},
       .working_directory = directory_.path()});
  EXPECT_EQ(result.exit_status, 0) << result.errors;
}

TEST_F(TuftoolKeys, AsksOnTheTerminalWithoutAnEcho) {
  environment_ = {{"TUFTOOL_PASSPHRASE", "quiet secret"}};
  Done({"root", "gen-ed25519-key", "root.json", "key.pem", "-r", "root", "--encrypt"});
  // script(1) gives it a terminal, and shows what appears on that.
  ASSERT_EQ(mkfifo((directory_ / "typed").c_str(), 0600), 0);
  test::Process process(
      {.program = "sh",
       .arguments = {"-c",
                     "exec script -qefc \"$0 root sign root.json -k key.pem\" /dev/null <typed",
                     test::Program("tough/tuftool/tuftool")},
       .working_directory = directory_.path()});
  const int typed = open((directory_ / "typed").c_str(), O_WRONLY);
  ASSERT_GE(typed, 0);
  // What is typed before it asks is thrown away, as it should be.
  ASSERT_TRUE(process.WaitForOutput("Passphrase of key.pem: "));
  ASSERT_EQ(write(typed, "quiet secret\n", 13), 13);
  const test::ProcessResult result = process.Wait();
  close(typed);
  EXPECT_EQ(result.exit_status, 0) << result.errors << result.output;
  EXPECT_THAT(result.output, Not(HasSubstr("quiet secret")));
  EXPECT_THAT(Read(directory_ / "root.json"), HasSubstr("\"sig\""));
}

TEST_F(TuftoolKeys, NeverShowsAPassphraseOrAPrivateKey) {
  environment_ = {{"TUFTOOL_PASSPHRASE", "quiet secret"}};
  Done({"root", "gen-ed25519-key", "root.json", "plain.pem", "-r", "root"});
  std::string shown;
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--log-level", "trace"});
    const test::ProcessResult result = Run(arguments);
    shown += result.output + result.errors;
  };
  run({"root", "gen-ed25519-key", "root.json", "key.pem", "-r", "root", "--encrypt"});
  run({"root", "sign", "root.json", "-k", "key.pem", "-k", "plain.pem"});
  environment_ = {{"TUFTOOL_PASSPHRASE", "wrong secret"}};
  run({"root", "sign", "root.json", "-k", "key.pem"});
  EXPECT_THAT(shown, HasSubstr("wrong passphrase"));
  EXPECT_THAT(shown, Not(HasSubstr("secret")));
  const std::string key = Read(directory_ / "plain.pem");
  EXPECT_THAT(shown, Not(HasSubstr(key.substr(key.find('\n') + 1, 40))));
}

TEST_F(TuftoolKeys, TakesNoPassphraseAsAnArgument) {
  Refuses({"root", "sign", "root.json", "-k", "key.pem", "--passphrase", "secret"}, 2,
          "--passphrase");
  EXPECT_THAT(Done({"--help-all"}), Not(testing::ContainsRegex("--passphrase[^-]")));
}

TEST_F(TuftoolKeys, LeavesNoCoreDump) {
  ASSERT_EQ(mkfifo((directory_ / "pipe").c_str(), 0600), 0);
  // It waits for the rest of the line, with the beginning of the passphrase in memory.
  test::Process process({.program = test::Program("tough/tuftool/tuftool"),
                         .arguments = {"root", "gen-ed25519-key", "root.json", "key.pem",
                                       "--passphrase-file", "pipe"},
                         .working_directory = directory_.path()});
  const int pipe = open((directory_ / "pipe").c_str(), O_WRONLY);  // until it reads
  ASSERT_GE(pipe, 0);
  std::ifstream limits("/proc/" + std::to_string(process.pid()) + "/limits");
  const std::string text(std::istreambuf_iterator<char>(limits), {});
  EXPECT_THAT(text, testing::ContainsRegex("Max core file size +0 +0"));
  close(pipe);
}

class TuftoolToken : public TuftoolKeys {
 protected:
  static constexpr const char* kModule = "/usr/lib/softhsm/libsofthsm2.so";
  // A token of SoftHSM in this directory, with the PIN 1234.
  void SetUp() override {
    if (access(kModule, R_OK) != 0 ||
        access("/usr/lib/x86_64-linux-gnu/engines-3/pkcs11.so", R_OK) != 0)
      GTEST_SKIP() << "softhsm2 or libengine-pkcs11-openssl is not installed (scripts/setup test)";
    TuftoolKeys::SetUp();
    Write(directory_ / "softhsm.conf",
          "directories.tokendir = " + directory_.path() + "/tokens\nlog.level = ERROR\n");
    std::filesystem::create_directory(directory_ / "tokens");
    // libp11's engine never frees what it allocates where a key cannot be loaded.
    environment_ = {{"ASAN_OPTIONS", "detect_leaks=0"},
                    {"SOFTHSM2_CONF", directory_ / "softhsm.conf"},
                    {"PKCS11_MODULE_PATH", kModule},
                    {"TUFTOOL_PASSPHRASE", "1234"}};
    Tool("softhsm2-util",
         {"--init-token", "--free", "--label", "updog", "--pin", "1234", "--so-pin", "4321"});
  }
  void Tool(const std::string& program, const std::vector<std::string>& arguments) {
    const test::ProcessResult result = test::RunProcess({.program = program,
                                                         .arguments = arguments,
                                                         .environment = environment_,
                                                         .working_directory = directory_.path()});
    ASSERT_EQ(result.exit_status, 0) << result.output << result.errors;
  }
  void MakeTokenKey(const std::string& label, const std::string& type) {
    Tool("pkcs11-tool", {"--module", kModule, "--login", "--pin", "1234", "--token-label", "updog",
                         "--keypairgen", "--key-type", type, "--label", label, "--id", "01"});
  }
  const std::string kUri = "pkcs11:token=updog;object=root";
};

TEST_F(TuftoolToken, SignsWithKeysThatStayThere) {
  for (const std::string type : {"rsa:2048", "EC:prime256v1", "EC:secp384r1"}) {
    SCOPED_TRACE(type);
    std::filesystem::remove_all(directory_ / "tokens");
    std::filesystem::remove(directory_ / "root.json");
    SetUp();
    MakeTokenKey("root", type);
    Done({"root", "add-key", "root.json", "-k", kUri, "-r", "root", "-r", "targets", "-r",
          "snapshot", "-r", "timestamp"});
    Done({"root", "sign", "root.json", "-k", kUri});
    std::filesystem::remove_all(directory_ / "out");
    Write(directory_ / "in/manifest.json", "{}");
    std::vector<std::string> create = Joined({"create", "-t", "in", "-o", "out"}, kSigning);
    create[8] = kUri;
    Done(create);
    Done(Joined(kDownload, {"got"}));
  }
}

TEST_F(TuftoolToken, SaysInOneLineWhatIsWrong) {
  MakeTokenKey("root", "EC:prime256v1");
  Refuses({"root", "add-key", "root.json", "-k", "pkcs11:token=updog;object=none", "-r", "root"}, 2,
          "no RSA or ECDSA key of that name, or a wrong PIN");
  environment_.back() = {"TUFTOOL_PASSPHRASE", "9999"};
  Refuses({"root", "add-key", "root.json", "-k", kUri, "-r", "root"}, 2,
          "no RSA or ECDSA key of that name, or a wrong PIN");
  environment_.pop_back();
  Refuses({"root", "add-key", "root.json", "-k", kUri, "-r", "root"}, 2, "the token has a PIN");
}

// If this fails, libp11 has learnt it: then it belongs into the test of what works.
TEST_F(TuftoolToken, KnowsNoEd25519) {
  MakeTokenKey("root", "EC:edwards25519");
  Refuses({"root", "add-key", "root.json", "-k", kUri, "-r", "root"}, 2,
          "no RSA or ECDSA key of that name");
}

}  // namespace
}  // namespace tough
