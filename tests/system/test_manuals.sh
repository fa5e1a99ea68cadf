#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Manuals, --help and completion name the same commands and options.
set -eu
build=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/../.." && pwd)
status=0
need() { # need TEXT FILE
    if ! sed 's/ Fl -/ --/g; s/ , -/ --/g; s/\\//g' "$2" | grep -qe "$1"; then
        echo "FAILED: $2 does not mention '$1'" >&2
        status=1
    fi
}
"$build/bin/keymoor" --help | sed -n 's/^  keymoor \([a-z]*\) *\([a-z-]*\).*/\1 \2/p' | while read -r group verb; do
    grep -qe "Cm $group $verb" -e "Cm $group\b" "$source/docs/man/keymoor.1" ||
        { echo "FAILED: keymoor.1 does not mention $group $verb" >&2; exit 1; }
    grep -qw "$group" "$source/tools/keymoor/completion.bash" ||
        { echo "FAILED: completion does not know $group" >&2; exit 1; }
done
for option in $("$build/bin/keymoor" --help | grep -o '^  --[a-z-]*' | tr -d ' '); do
    need "$option" "$source/tools/keymoor/completion.bash"
done
for option in $("$build/bin/keymoord" --help | grep -oe '--[a-z-]\{3,\}' | sort -u); do
    case $option in --help | --version) continue ;; esac
    need "$option" "$source/docs/man/keymoord.8"
done
for option in $("$build/bin/keymoor-fleet" --help | grep -oe '--[a-z-]\{3,\}' | sort -u); do
    need "$option" "$source/factory/fleet/completion.bash"
    case $option in --help | --version) continue ;; esac
    need "$option" "$source/docs/man/keymoor-fleet.1"
done
for option in $("$build/bin/keymoor-tunnel" --help | grep -oe '--[a-z-]\{3,\}' | sort -u); do
    need "$option" "$source/tools/keymoor/completion.bash"
    case $option in --help | --version) continue ;; esac
    need "$option" "$source/docs/man/keymoor-tunnel.1"
done
if [ -x "$build/bin/keymoor-cloud" ]; then
    for option in $({ "$build/bin/keymoor-cloud" --help; "$build/bin/keymoor-cloud" up --help; } | grep -oe '--[a-z-]\{3,\}' | sort -u); do
        case $option in --endpoint-url) continue ;; esac
        need "$option" "$source/cloud/cli/completion.bash"
        case $option in --help | --version) continue ;; esac
        need "$option" "$source/docs/man/keymoor-cloud.1"
    done
    for option in $("$build/bin/keymoor-cloud-rules" --help | grep -oe '--[a-z-]\{3,\}' | sort -u); do
        case $option in --help | --version) continue ;; esac
        need "$option" "$source/docs/man/keymoor-cloud-rules.8"
    done
fi
if [ -x "$build/bin/keymoor-cloud-control" ]; then
    for option in $("$build/bin/keymoor-cloud-control" --help | grep -oe '--[a-z-]\{3,\}' | sort -u); do
        case $option in --help | --version) continue ;; esac
        need "$option" "$source/docs/man/keymoor-cloud-control.8"
    done
fi
while read -r option; do
    need "^.It Li $option\$" "$source/docs/man/keymoor_broker.5"
done < <(sed -n 's/^    {"\([a-z0-9_]*\)", [A-Z]*, offsetof.*/\1/p' "$source/cloud/broker-plugin/settings.c")
bash -n "$source/cloud/cli/completion.bash"
bash -n "$source/tools/keymoor/completion.bash"
bash -n "$source/factory/fleet/completion.bash"
[ "$status" -eq 0 ] && echo "manuals, help and completion agree"
exit "$status"
