/* SPDX-License-Identifier: Apache-2.0 */
/* keymoor-fleet: packages for a whole production run, from a CSV. */
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/provider.h>

#include "common/km_file.h"
#include "factory/fleet/run.h"

#ifndef KEYMOOR_VERSION
#define KEYMOOR_VERSION "unknown"
#endif

#define EXIT_USAGE 2
#define CSV_MAX ((size_t)1 << 30)
#define RECIPE_MAX 4096u

static const char help[] =
    "Usage: keymoor-fleet --sign KEY [OPTION ...] RUN.csv\n"
    "\n"
    "Makes a package for every row of RUN.csv, as the scripts beside it do one at a time.\n"
    "\n"
    "  --sign KEY            who signs: a file (PEM or DER), a PKCS#11 URI, or clrc:NAME for a key in Keymoor\n"
    "  --digest DIGEST       sha256, sha384, sha512, ...; default: as strong as the key\n"
    "  --cipher CIPHER       AES_CTR (default), AES_CBC_NOPAD, AES_OFB, AES_CFB_128\n"
    "  --mac MAC             HMAC_SHA256 (default), HMAC_SHA384, HMAC_SHA512, ...\n"
    "  --oem-root CERT       the signing key's certificate, for manifests\n"
    "  --journal FILE        what is made; a run that is begun again leaves it out (default RUN.csv.journal)\n"
    "  --no-journal          make everything\n"
    "  --results FILE        write the table of results there instead of standard output\n"
    "  --json                the table as JSON\n"
    "  --quiet               no table\n"
    "  --provider-path DIR   where the OpenSSL provider clrc lies\n"
    "  --help, --version\n"
    "\n"
    "The first row names the columns; those that a row does not need stay empty or are left out:\n"
    "  device        the device's id, for the table\n"
    "  device_key    file with its public key, PEM or DER (manifest: the class key's public half)\n"
    "  make          opaque-key, object-id, manifest or command\n"
    "  output        the file to write\n"
    "opaque-key:\n"
    "  name, type    the key's name on the device; KEY_AES, KEY_ECDSA_KEYPAIR, ...\n"
    "  key           a file, or generate, or generate:BITS\n"
    "  public_out    where the public half of a generated pair goes, PEM\n"
    "  rules         usage=sign+verify exportable shared audit wrappable max_uses=N not_after=T\n"
    "object-id:\n"
    "  object        the .oocfg file of the opaque object\n"
    "  rules         not_before=T not_after=T max_opens=N\n"
    "manifest:\n"
    "  device_class, sequence, update (yes or no)\n"
    "  certificates  NAME=FILE, several apart by semicolons\n"
    "  keys          NAME=TYPE:FILE[,RULE ...], several apart by semicolons; FILE may be generate\n"
    "command (a certificate command; an STP file with operation updateNamed), device_key only to bind it to one device:\n"
    "  operation     addAuthority, updateAuthority, deleteAuthority, addRevocation, addCrl, updateNamed, numbersOnly, setTime\n"
    "  certificate   the certificate, or the revocation list of addCrl, PEM or DER\n"
    "  name          of the provisioned certificate, for updateNamed\n"
    "  sequence      a number above that of every command before\n"
    "  time          seconds since 1970, for setTime\n"
    "\n"
    "Exit status: 0 all is made or was there; 1 some rows failed, see the table; 2 nothing could be begun.\n"
    "\n"
    "Example:\n"
    "  printf 'device,device_key,make,name,type,key,output\\n%s\\n' \\\n"
    "      'door7,door7.pub,opaque-key,com.example.door,KEY_AES,generate,door7.opaque' >run.csv\n"
    "  keymoor-fleet --sign oem_root_key.pem run.csv\n";

struct options {
    const char *sign, *digest, *cipher, *mac, *oem_root, *journal, *results, *provider_path;
    bool no_journal, json, quiet;
};

enum { OPT_HELP = 1000, OPT_VERSION, OPT_NO_JOURNAL, OPT_JSON, OPT_QUIET };

static int usage_error(const char *sentence, const char *what)
{
    fprintf(stderr, "keymoor-fleet: %s%s; see keymoor-fleet --help\n", sentence, what);
    return EXIT_USAGE;
}

static int failed(const struct km_err *err)
{
    fprintf(stderr, "keymoor-fleet: %s (%s)\n", err->text, km_status_name(err->status));
    return EXIT_USAGE;
}

static const char **value_of(struct options *options, int found)
{
    const char **const values[] = {&options->sign,    &options->digest,       &options->cipher,
                                   &options->mac,     &options->oem_root,     &options->journal,
                                   &options->results, &options->provider_path};
    return values[found];
}

static void flag(struct options *options, int found)
{
    if (found == OPT_NO_JOURNAL)
        options->no_journal = true;
    else if (found == OPT_JSON)
        options->json = true;
    else
        options->quiet = true;
}

/* EXIT_SUCCESS: go on. *ret_done: all is said already. */
static int parse_options(int argc, char **argv, struct options *ret, bool *ret_done)
{
    static const struct option longs[] = {{"sign", required_argument, NULL, 0},
                                          {"digest", required_argument, NULL, 1},
                                          {"cipher", required_argument, NULL, 2},
                                          {"mac", required_argument, NULL, 3},
                                          {"oem-root", required_argument, NULL, 4},
                                          {"journal", required_argument, NULL, 5},
                                          {"results", required_argument, NULL, 6},
                                          {"provider-path", required_argument, NULL, 7},
                                          {"no-journal", no_argument, NULL, OPT_NO_JOURNAL},
                                          {"json", no_argument, NULL, OPT_JSON},
                                          {"quiet", no_argument, NULL, OPT_QUIET},
                                          {"help", no_argument, NULL, OPT_HELP},
                                          {"version", no_argument, NULL, OPT_VERSION},
                                          {NULL, 0, NULL, 0}};
    for (int found = 0; (found = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        *ret_done = found == OPT_HELP || found == OPT_VERSION || found == 'h';
        if (*ret_done) {
            if (found == OPT_VERSION)
                printf("keymoor-fleet %s\n", KEYMOOR_VERSION);
            else
                fputs(help, stdout);
            return EXIT_SUCCESS;
        }
        if (found == '?')
            return EXIT_USAGE;
        if (found < OPT_HELP)
            *value_of(ret, found) = optarg;
        else
            flag(ret, found);
    }
    return EXIT_SUCCESS;
}

/* Names all that the outputs depend on beside the rows. */
static km_status put_recipe(struct km_err *err, const struct options *options,
                            const struct km_fleet *fleet, struct km_span buf, struct km_slice *ret)
{
    struct km_wr wr = km_wr_init(buf.ptr, buf.len);
    km_wr_blob32le(&wr, km_fleet_signer_spki(fleet->signer));
    km_wr_blob32le(&wr, KM_SLICE_STR(km_fleet_signer_alg(fleet->signer)->name));
    km_wr_blob32le(&wr, KM_SLICE_STR(options->cipher));
    km_wr_blob32le(&wr, KM_SLICE_STR(options->mac));
    return km_wr_finish(&wr, ret) ? KM_OK : KM_FAIL(err, KM_E_LIMIT, "an option is too long");
}

static int run_all(const struct options *options, const struct km_fleet *fleet, struct km_slice csv,
                   const char *journal)
{
    struct km_err err = {0};
    uint8_t recipe[RECIPE_MAX] = {0};
    struct km_fleet_totals totals = {0};
    struct km_fleet_run run = {.fleet = fleet,
                               .csv = csv,
                               .journal = options->no_journal ? NULL : journal,
                               .table = stdout,
                               .format = options->quiet  ? KM_FLEET_SILENT
                                         : options->json ? KM_FLEET_JSON
                                                         : KM_FLEET_CSV,
                               .shows_progress = isatty(STDERR_FILENO) == 1};
    if (put_recipe(&err, options, fleet, KM_SPAN(recipe, sizeof(recipe)), &run.recipe) != KM_OK)
        return failed(&err);
    if (options->results != NULL && (run.table = fopen(options->results, "we")) == NULL)
        return usage_error("can't write ", options->results);
    km_status status = km_fleet_run(&err, &run, &totals);
    if (options->results != NULL && fclose(run.table) != 0 && status == KM_OK)
        status = KM_FAIL(&err, KM_E_IO, "the table can't be written");
    if (status != KM_OK)
        return failed(&err);
    fprintf(stderr, "keymoor-fleet: %u made, %u there already, %u failed in %.2f s\n", totals.made,
            totals.there, totals.failed, totals.seconds);
    return totals.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static km_status open_fleet(struct km_err *err, const struct options *options, struct km_fleet *ret)
{
    ret->oem_root = options->oem_root;
    KM_TRY(km_fleet_seal_new(err, options->cipher, options->mac, &ret->seal));
    return km_fleet_signer_open(err, options->sign, options->digest, options->provider_path,
                                &ret->signer);
}

static int run_file(const struct options *options, const char *path)
{
    struct km_err err = {0};
    struct km_fleet fleet = {0};
    KM_AUTO(km_freep) uint8_t *csv = NULL;
    KM_AUTO(km_freep) char *usual = NULL;
    size_t len = 0;
    int status = EXIT_USAGE;
    if (asprintf(&usual, "%s.journal", path) < 0)
        return EXIT_USAGE;
    if (km_file_read(&err, AT_FDCWD, path, CSV_MAX, &csv, &len) != KM_OK ||
        open_fleet(&err, options, &fleet) != KM_OK)
        status = failed(&err);
    else
        status = run_all(options, &fleet, KM_SLICE(csv, len),
                         options->journal != NULL ? options->journal : usual);
    km_fleet_signer_free(fleet.signer);
    km_fleet_seal_free(fleet.seal);
    return status;
}

int main(int argc, char **argv)
{
    struct options options = {.cipher = "AES_CTR", .mac = "HMAC_SHA256"};
    bool is_done = false;
    int status = parse_options(argc, argv, &options, &is_done);
    if (status != EXIT_SUCCESS || is_done)
        return status;
    if (argc - optind != 1)
        return usage_error("one CSV file is needed", "");
    if (options.sign == NULL)
        return usage_error("--sign KEY is missing", "");
    /* The outcome must not hang on a configuration file of the machine. */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    OSSL_PROVIDER *algorithms = OSSL_PROVIDER_load(NULL, "default");
    if (algorithms == NULL)
        return usage_error("libcrypto has no default provider", "");
    status = run_file(&options, argv[optind]);
    (void)OSSL_PROVIDER_unload(algorithms);
    return status;
}
