# bash completion for keymoor-cloud
_keymoor_cloud()
{
    local current=${COMP_WORDS[COMP_CWORD]} group=${COMP_WORDS[1]:-}
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "up down status device ca events function account key user backup restore --help --version" -- "$current")
        return
    fi
    case "${COMP_WORDS[COMP_CWORD - 1]}" in
    --dir) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
    --key-file | --server-ca | --server-ca-key) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    esac
    if [[ $group == up && $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--dir --port --https-port --http-port --address --account --region --server-ca --server-ca-key --retry-ms --help" -- "$current")
    elif [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--dir --registry --key-file --account --name --count --follow --json --help" -- "$current")
    elif [ "$COMP_CWORD" -eq 2 ]; then
        case $group in
        device) mapfile -t COMPREPLY < <(compgen -W "list show why" -- "$current") ;;
        ca) mapfile -t COMPREPLY < <(compgen -W "list show" -- "$current") ;;
        function) mapfile -t COMPREPLY < <(compgen -W "log" -- "$current") ;;
        account) mapfile -t COMPREPLY < <(compgen -W "create list" -- "$current") ;;
        key) mapfile -t COMPREPLY < <(compgen -W "create list delete" -- "$current") ;;
        user) mapfile -t COMPREPLY < <(compgen -W "create list delete" -- "$current") ;;
        backup | restore) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
        esac
    fi
}
complete -F _keymoor_cloud keymoor-cloud
