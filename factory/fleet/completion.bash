# bash completion for keymoor-fleet
_keymoor_fleet()
{
    local current=${COMP_WORDS[COMP_CWORD]}
    case "${COMP_WORDS[COMP_CWORD - 1]}" in
    --digest) mapfile -t COMPREPLY < <(compgen -W "sha256 sha384 sha512" -- "$current"); return ;;
    --cipher) mapfile -t COMPREPLY < <(compgen -W "AES_CTR AES_CBC_NOPAD AES_OFB AES_CFB_128" -- "$current"); return ;;
    --mac) mapfile -t COMPREPLY < <(compgen -W "HMAC_SHA256 HMAC_SHA384 HMAC_SHA512" -- "$current"); return ;;
    --provider-path) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--sign --digest --cipher --mac --oem-root --journal --no-journal --results
            --json --quiet --provider-path --help --version" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
}
complete -F _keymoor_fleet keymoor-fleet
