# bash completion for keymoor
_keymoor()
{
    local current=${COMP_WORDS[COMP_CWORD]} group=${COMP_WORDS[1]:-} verb=${COMP_WORDS[2]:-}
    local groups="init status key password cert file csr audit bench dev tunnel"
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$groups --help --version" -- "$current")
        return
    fi
    if [[ $group == tunnel && $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--server --cert --key --ca --alpn --server-name --verify --proxy-protocol
            --any-address --allow-uid --allow-gid --socket-mode --socket-group --max-connections --connect-timeout
            --idle-timeout --close-timeout --drain --socket --quiet --help --version" -- "$current")
        return
    fi
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--json --type --bits --exportable --shared --max-uses --not-after
            --password --password-file --in --out --pem --subject --pki --manifest --oem-root --trust-first
            --class-key --class-key-out --allow-unnumbered --host --purpose --count --socket --help" -- "$current")
        return
    fi
    case "${COMP_WORDS[COMP_CWORD - 1]}" in
    --in | --out | --password-file | --manifest | --oem-root | --class-key | --class-key-out | --socket) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    --pki) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
    --purpose) mapfile -t COMPREPLY < <(compgen -W "any server client" -- "$current"); return ;;
    --type)
        mapfile -t COMPREPLY < <(compgen -W "KEY_AES KEY_HMAC KEY_GENERIC_SECRET KEY_RSA_PUBLIC KEY_RSA_KEYPAIR
            KEY_ECDSA_PUBLIC KEY_ECDSA_KEYPAIR KEY_ECDH_PUBLIC KEY_ECDH_KEYPAIR KEY_EC_DUAL_PUBLIC
            KEY_EC_DUAL_KEYPAIR KEY_DES3 KEY_DSA_PUBLIC KEY_DSA_KEYPAIR KEY_DH_PUBLIC KEY_DH_KEYPAIR
            KEY_ED25519_PUBLIC KEY_ED25519_KEYPAIR KEY_X25519_PUBLIC KEY_X25519_KEYPAIR KEY_CHACHA20
            KEY_ED448_PUBLIC KEY_ED448_KEYPAIR KEY_X448_PUBLIC KEY_X448_KEYPAIR" -- "$current")
        return
        ;;
    esac
    if [ "$COMP_CWORD" -eq 2 ]; then
        case $group in
        key) mapfile -t COMPREPLY < <(compgen -W "list show create import delete export-public export reference" -- "$current") ;;
        password) mapfile -t COMPREPLY < <(compgen -W "create list delete" -- "$current") ;;
        cert) mapfile -t COMPREPLY < <(compgen -W "list show store verify command crl" -- "$current") ;;
        file) mapfile -t COMPREPLY < <(compgen -W "list put get delete purge" -- "$current") ;;
        csr) _keymoor_names key ;;
        tunnel) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        dev) mapfile -t COMPREPLY < <(compgen -c -- "$current") ;;
        esac
    elif [ "$COMP_CWORD" -eq 3 ]; then
        case $group-$verb in
        *-list | file-purge) ;;
        cert-store) mapfile -t COMPREPLY < <(compgen -W "list" -- "$current") ;;
        cert-verify | cert-command | cert-crl) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        *) _keymoor_names "$group" ;;
        esac
    fi
}

# Names come from the service; without one there is nothing to offer.
_keymoor_names()
{
    local names
    names=$(keymoor "$1" list --json 2>/dev/null | sed -n 's/.*"name": *"\([^"]*\)".*/\1/p')
    mapfile -t COMPREPLY < <(compgen -W "$names" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -F _keymoor keymoor
