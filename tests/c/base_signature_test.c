/* Ed25519 keys: what openssl(1) makes we read, what we make it reads, and each verifies what the
 * other has signed. No key file is overwritten, and no private one is read that others can read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"
#include "base/signature.h"

static const char message[] = "the plan of a Sunday";
static char dir[64];
static struct ob_err err;

static char *in_dir(const char *name)
{
    static char path[4][128];
    static int turn;
    char *p = path[turn++ & 3];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static void put(const char *name, const void *p, size_t len)
{
    assert_int_equal(ob_file_write(in_dir(name), p, len, 0600, &err), OB_OK);
}

/* openssl(1) in the folder; its exit code. */
static int openssl(const char *arguments)
{
    char *command = ob_xasprintf("cd '%s' && openssl %s >/dev/null 2>&1", dir, arguments);
    int code = system(command);
    free(command);
    return code;
}

static int make_dir(void **state)
{
    strcpy(dir, "/tmp/ob-signature-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    char *command = ob_xasprintf("rm -rf '%s'", dir);
    int code = system(command);
    free(command);
    return code;
}

static void we_sign_openssl_verifies(void **state)
{
    unsigned char signature[OB_SIGNATURE_LEN];
    struct ob_key *k = ob_key_new();
    assert_int_equal(ob_key_write_private(k, in_dir("a.pem"), &err), OB_OK);
    assert_int_equal(ob_key_write_public(k, in_dir("a.pub"), &err), OB_OK);
    assert_int_equal(ob_key_sign(k, message, sizeof message, signature, &err), OB_OK);
    ob_key_free(k);
    put("message", message, sizeof message);
    put("signature", signature, sizeof signature);
    assert_int_equal(
        openssl("pkeyutl -verify -pubin -inkey a.pub -rawin -in message -sigfile signature"), 0);
    assert_int_equal(openssl("pkey -in a.pem -pubout -out again.pub"), 0);
    assert_int_equal(openssl("dgst -sha256 a.pub"), 0);
    assert_int_equal(openssl("pkey -pubin -in a.pub -outform DER -out a.der"), 0);
    signature[10] ^= 1;
    put("signature", signature, sizeof signature);
    assert_int_not_equal(
        openssl("pkeyutl -verify -pubin -inkey a.pub -rawin -in message -sigfile signature"), 0);
}

static void openssl_signs_we_verify(void **state)
{
    struct ob_key *pair, *public;
    struct ob_buf signature;
    char print[OB_SHA256_HEX], other[OB_SHA256_HEX];
    assert_int_equal(openssl("genpkey -algorithm ed25519 -out b.pem"), 0);
    assert_int_equal(openssl("pkey -in b.pem -pubout -out b.pub"), 0);
    put("message", message, sizeof message);
    assert_int_equal(openssl("pkeyutl -sign -inkey b.pem -rawin -in message -out signature"), 0);
    assert_int_equal(ob_key_read_private(&pair, in_dir("b.pem"), &err), OB_OK);
    assert_int_equal(ob_key_read_public(&public, in_dir("b.pub"), &err), OB_OK);
    assert_string_equal(ob_key_print(pair, print), ob_key_print(public, other));
    ob_buf_init(&signature, 1000);
    assert_int_equal(ob_file_read(in_dir("signature"), 1000, &signature, OB_ERR, &err), OB_OK);
    const unsigned char *s = (const unsigned char *)ob_buf_str(&signature);
    assert_true(ob_key_verify(public, message, sizeof message, s, signature.len));
    assert_false(ob_key_verify(public, message, sizeof message - 1, s, signature.len));
    assert_false(ob_key_verify(public, message, sizeof message, s, signature.len - 1));
    assert_false(ob_key_verify(public, message, sizeof message, s, 0));
    /* the public half cannot sign */
    unsigned char mine[OB_SIGNATURE_LEN];
    assert_int_not_equal(ob_key_sign(public, message, sizeof message, mine, &err), OB_OK);
    ob_buf_fini(&signature);
    ob_key_free(pair);
    ob_key_free(public);
}

/* One bit anywhere, in what is signed or in the signature. */
static void every_bit_counts(void **state)
{
    unsigned char signature[OB_SIGNATURE_LEN];
    char text[sizeof message];
    struct ob_key *k = ob_key_new(), *stranger = ob_key_new();
    memcpy(text, message, sizeof text);
    assert_int_equal(ob_key_sign(k, text, sizeof text, signature, &err), OB_OK);
    assert_true(ob_key_verify(k, text, sizeof text, signature, sizeof signature));
    assert_false(ob_key_verify(stranger, text, sizeof text, signature, sizeof signature));
    for (size_t i = 0; i < 8 * sizeof signature; i++) {
        signature[i / 8] ^= (unsigned char)(1 << i % 8);
        assert_false(ob_key_verify(k, text, sizeof text, signature, sizeof signature));
        signature[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    for (size_t i = 0; i < 8 * sizeof text; i++) {
        text[i / 8] ^= (char)(1 << i % 8);
        assert_false(ob_key_verify(k, text, sizeof text, signature, sizeof signature));
        text[i / 8] ^= (char)(1 << i % 8);
    }
    ob_key_free(k);
    ob_key_free(stranger);
}

static void nothing_is_overwritten(void **state)
{
    struct stat st;
    struct ob_key *k = ob_key_new(), *other = ob_key_new(), *read;
    char print[OB_SHA256_HEX], again[OB_SHA256_HEX];
    assert_int_equal(ob_key_write_private(k, in_dir("c.pem"), &err), OB_OK);
    assert_int_equal(stat(in_dir("c.pem"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(ob_key_write_private(other, in_dir("c.pem"), &err), OB_ERR_USAGE);
    assert_non_null(strstr(err.message, "is there already"));
    assert_int_equal(ob_key_write_public(other, in_dir("c.pem"), &err), OB_ERR_USAGE);
    assert_int_equal(ob_key_read_private(&read, in_dir("c.pem"), &err), OB_OK);
    assert_string_equal(ob_key_print(k, print), ob_key_print(read, again));
    ob_key_free(read);
    ob_key_free(k);
    ob_key_free(other);
}

/* A key file is whole or not there, also when the process dies while it writes. */
static void killed_while_writing(void **state)
{
    struct ob_key *k = ob_key_new(), *read;
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0};
        signal(SIGXFSZ, SIG_DFL);
        setrlimit(RLIMIT_CORE, &none);
        setrlimit(RLIMIT_FSIZE, &none);
        (void)!ob_key_write_private(k, in_dir("g.pem"), &err);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
    assert_int_equal(access(in_dir("g.pem"), F_OK), -1);
    assert_int_equal(ob_key_write_private(k, in_dir("g.pem"), &err), OB_OK);
    assert_int_equal(ob_key_read_private(&read, in_dir("g.pem"), &err), OB_OK);
    assert_int_equal(access(in_dir("g.pem.new"), F_OK), -1);
    ob_key_free(read);
    ob_key_free(k);
}

static void refuses(enum ob_status st, const char *says)
{
    assert_int_equal(st, OB_ERR_USAGE);
    if (!strstr(err.message, says))
        fail_msg("\"%s\" does not say \"%s\"", err.message, says);
}

static void what_is_no_key_is_refused(void **state)
{
    struct ob_key *k;
    refuses(ob_key_read_private(&k, in_dir("none.pem"), &err), "none.pem: No such file");
    put("noise", "-----BEGIN PRIVATE KEY-----\nx\n", 30);
    refuses(ob_key_read_private(&k, in_dir("noise"), &err), "not a private Ed25519 key");
    assert_null(k);
    assert_int_equal(openssl("genpkey -algorithm ed25519 -out d.pem"), 0);
    assert_int_equal(chmod(in_dir("d.pem"), 0640), 0);
    refuses(ob_key_read_private(&k, in_dir("d.pem"), &err), "others may read it; chmod 600");
    refuses(ob_key_read_public(&k, in_dir("d.pem"), &err), "not a public Ed25519 key");
    assert_int_equal(openssl("genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:1024 -out e.pem"), 0);
    refuses(ob_key_read_private(&k, in_dir("e.pem"), &err), "not a private Ed25519 key");
    /* nobody is asked for a passphrase */
    assert_int_equal(openssl("genpkey -algorithm ed25519 -aes256 -pass pass:x -out f.pem"), 0);
    refuses(ob_key_read_private(&k, in_dir("f.pem"), &err), "without passphrase");
}

/* The name of a key is the SHA-256 of its DER, as `openssl pkey -pubin -outform DER | sha256sum`
 * says it. */
static void the_print_is_that_of_the_der(void **state)
{
    struct ob_key *k = ob_key_new();
    struct ob_buf der, pem, file;
    char print[OB_SHA256_HEX], other[OB_SHA256_HEX];
    assert_int_equal(ob_key_write_public(k, in_dir("g.pub"), &err), OB_OK);
    assert_int_equal(openssl("pkey -pubin -in g.pub -outform DER -out g.der"), 0);
    ob_buf_init(&der, 1000);
    ob_buf_init(&pem, 1000);
    ob_buf_init(&file, 1000);
    assert_int_equal(ob_file_read(in_dir("g.der"), 1000, &der, OB_ERR, &err), OB_OK);
    assert_int_equal(ob_file_read(in_dir("g.pub"), 1000, &file, OB_ERR, &err), OB_OK);
    assert_string_equal(ob_key_print(k, print), ob_sha256_hex(ob_buf_str(&der), der.len, other));
    ob_key_public_pem(k, &pem);
    assert_string_equal(ob_buf_str(&pem), ob_buf_str(&file));
    ob_buf_fini(&der);
    ob_buf_fini(&pem);
    ob_buf_fini(&file);
    ob_key_free(k);
}

static void base64_has_one_spelling(void **state)
{
    static const char *const wrong[] = {"",      "Y",     "YQ",       "YQ=",  "YR==", "YQ==\n",
                                        " YQ==", "Y Q==", "YQ==YQ==", "====", "Y===", "YW-_"};
    struct ob_buf out, text;
    ob_buf_init(&out, 100);
    ob_buf_init(&text, 100);
    for (size_t n = 1; n < 20; n++) {
        ob_buf_clear(&out);
        ob_buf_clear(&text);
        ob_base64(&text, message, n);
        assert_true(ob_unbase64(&out, ob_buf_str(&text), text.len));
        assert_int_equal(out.len, n);
        assert_memory_equal(ob_buf_str(&out), message, n);
    }
    ob_buf_clear(&out);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (ob_unbase64(&out, wrong[i], strlen(wrong[i])) || out.len)
            fail_msg("\"%s\" was read", wrong[i]);
    ob_buf_fini(&out);
    ob_buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(we_sign_openssl_verifies, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(openssl_signs_we_verify, make_dir, remove_dir),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test_setup_teardown(nothing_is_overwritten, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(killed_while_writing, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(what_is_no_key_is_refused, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(the_print_is_that_of_the_der, make_dir, remove_dir),
        cmocka_unit_test(base64_has_one_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
