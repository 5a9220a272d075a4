// Against libgsasl's own server side: what both ends of it agree on, and what they do not.
#include "sasl/client_mechanism.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gsasl.h>

namespace hermetic::sasl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Server {
public:
    Server(const std::string& mechanism, std::string password) : password_{std::move(password)}
    {
        EXPECT_EQ(gsasl_init(&library_), GSASL_OK);
        gsasl_callback_set(library_, &answer);
        gsasl_callback_hook_set(library_, this);
        EXPECT_EQ(gsasl_server_start(library_, mechanism.c_str(), &session_), GSASL_OK);
    }
    ~Server()
    {
        gsasl_finish(session_);
        gsasl_done(library_);
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // GSASL_OK: the client is known.
    int step(const std::string& input, std::string& output)
    {
        char* octets = nullptr;
        std::size_t length = 0;
        const int result = gsasl_step(session_, input.data(), input.size(), &octets, &length);
        output.assign(octets != nullptr ? octets : "", octets != nullptr ? length : 0);
        gsasl_free(octets);
        return result;
    }

private:
    static int answer(Gsasl* library, Gsasl_session* session, Gsasl_property property)
    {
        const auto* self = static_cast<const Server*>(gsasl_callback_hook_get(library));
        if (property == GSASL_PASSWORD)
            return gsasl_property_set(session, property, self->password_.c_str());
        if (property == GSASL_VALIDATE_SIMPLE) {
            return gsasl_property_get(session, GSASL_PASSWORD) == self->password_
                       ? GSASL_OK
                       : GSASL_AUTHENTICATION_ERROR;
        }
        return GSASL_NO_CALLBACK;
    }

    std::string password_;
    Gsasl* library_ = nullptr;
    Gsasl_session* session_ = nullptr;
};

struct Ended {
    bool known = false;      // to the server
    bool satisfied = false;  // the client
};

Ended exchange(const std::string& mechanism, const std::string& ours, const std::string& theirs)
{
    Server server{mechanism, theirs};
    const auto client =
        make_client_mechanism(mechanism, std::make_shared<const Login>("ann@example.org", ours));
    std::string said = client->speaks_first() ? client->respond({}).value() : std::string{};
    Ended ended;
    for (int round = 0; round < 6; ++round) {
        std::string heard;
        const int result = server.step(said, heard);
        ended.known = result == GSASL_OK;
        if (result != GSASL_OK && result != GSASL_NEEDS_MORE) break;
        if (result == GSASL_OK && heard.empty()) break;
        const auto response = client->respond(heard);
        if (!response) break;
        said = *response;
        if (result == GSASL_OK) break;
    }
    ended.satisfied = client->is_satisfied();
    return ended;
}

TEST(ClientMechanism, EachOneLogsIn)
{
    for (const std::string mechanism : {"PLAIN", "LOGIN", "SCRAM-SHA-256"}) {
        SCOPED_TRACE(mechanism);
        const auto ended = exchange(mechanism, "correct horse", "correct horse");
        EXPECT_TRUE(ended.known);
        EXPECT_TRUE(ended.satisfied);
    }
}

TEST(ClientMechanism, AWrongPasswordIsRefused)
{
    for (const std::string mechanism : {"PLAIN", "LOGIN", "SCRAM-SHA-256"}) {
        SCOPED_TRACE(mechanism);
        EXPECT_FALSE(exchange(mechanism, "guessed", "correct horse").known);
    }
}

TEST(ClientMechanism, ScramIsNotSatisfiedByWhoeverDoesNotKnowThePassword)
{
    EXPECT_FALSE(exchange("SCRAM-SHA-256", "correct horse", "guessed").satisfied);
    const auto client = make_client_mechanism(
        "SCRAM-SHA-256", std::make_shared<const Login>("ann", "correct horse"));
    (void)client->respond({});
    EXPECT_FALSE(client->respond("r=nothing,s=of,i=1"));
    EXPECT_FALSE(client->is_satisfied());
}

// The core stands still while they are computed.
TEST(ClientMechanism, ScramIsNotMadeToWorkForEver)
{
    for (const std::string count : {"100001", "10000000", "99999999999999999999", "-1", "1e9"}) {
        const auto client = make_client_mechanism(
            "SCRAM-SHA-256", std::make_shared<const Login>("ann", "correct horse"));
        const auto first = client->respond({}).value();
        const std::string ours = first.substr(first.find("r="));
        const auto answer = client->respond(ours + "theirs,s=c2FsdA==,i=" + count);
        ASSERT_FALSE(answer) << count;
        EXPECT_EQ(answer.error(), smtp::SaslRefusal::TooCostly) << count;
        EXPECT_FALSE(client->is_satisfied());
    }
}

TEST(ClientMechanism, TheBestThatBothHaveComesFirst)
{
    EXPECT_THAT(choose_mechanisms("LOGIN PLAIN CRAM-MD5 SCRAM-SHA-256"),
                ElementsAre("SCRAM-SHA-256", "PLAIN", "LOGIN"));
    EXPECT_THAT(choose_mechanisms("login xoauth2"), ElementsAre("LOGIN"));
    EXPECT_THAT(choose_mechanisms("CRAM-MD5 GSSAPI"), IsEmpty());
    EXPECT_THAT(choose_mechanisms(""), IsEmpty());
}

class LoginFile : public testing::Test {
protected:
    LoginFile()
    {
        std::string pattern = std::filesystem::temp_directory_path() / "hermetic-login-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
    }
    ~LoginFile() override
    {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    std::string write(const std::string& text, mode_t mode = 0600)
    {
        const std::string file = directory_ + "/password";
        std::ofstream{file} << text;
        ::chmod(file.c_str(), mode);
        return file;
    }

private:
    std::string directory_;
};

TEST_F(LoginFile, ThePasswordIsTheFirstLine)
{
    EXPECT_EQ((*load_login("ann", write("secret\nmore\n")))->password(), "secret");
    EXPECT_EQ((*load_login("ann", write("with blank \r\n")))->password(), "with blank ");
    EXPECT_EQ((*load_login("ann", write("no end")))->password(), "no end");
}

TEST_F(LoginFile, ReadableByEverybodyIsRefusedAndByTheGroupIsNot)
{
    EXPECT_THAT(load_login("ann", write("secret\n", 0644)).error().what,
                HasSubstr("everybody may read"));
    EXPECT_THAT(load_login("ann", write("secret\n", 0644)).error().what,
                testing::Not(HasSubstr("secret")));
    EXPECT_TRUE(load_login("ann", write("secret\n", 0640)).has_value());
}

TEST_F(LoginFile, APipeIsRefusedAtOnce)
{
    const std::string pipe = write("") + ".fifo";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const auto login = load_login("ann", pipe);
    ASSERT_FALSE(login);
    EXPECT_EQ(login.error().what, pipe + ": it is a named pipe");
    EXPECT_EQ(login.error().expected, "a regular file");
}

TEST_F(LoginFile, WhatIsNoPasswordIsRefused)
{
    EXPECT_FALSE(load_login("ann", write("")));
    EXPECT_FALSE(load_login("ann", write("\nsecret\n")));
    EXPECT_FALSE(load_login("ann", write(std::string(1001, 'x'))));
    EXPECT_FALSE(load_login("ann", write("\xff\xfe\n")));
    for (const char* mark : {"\xEF\xBB\xBF", "\xFF\xFE", "\xFE\xFF"}) {
        const auto login = load_login("ann", write(std::string{mark} + "secret\n"));
        ASSERT_FALSE(login);
        EXPECT_THAT(login.error().what, testing::HasSubstr("byte-order mark"));
    }
    EXPECT_FALSE(load_login("ann", "/nonexistent/password"));
}

TEST_F(LoginFile, TheIdentityChangesWithThePasswordAndIsNotMadeFromIt)
{
    const auto first = *load_login("ann", write("secret\n"));
    EXPECT_EQ(*load_login("ann", write("secret\n"), first), first);
    const auto changed = *load_login("ann", write("another\n"), first);
    EXPECT_NE(changed->identity(), first->identity());
    EXPECT_NE((*load_login("bob", write("secret\n"), first))->identity(), first->identity());
    EXPECT_THAT(first->identity(), testing::Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace hermetic::sasl
