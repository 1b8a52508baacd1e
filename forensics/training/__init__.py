"""What every training of the suite shares: checkpoints, logs, cards. Needs the extra `train`."""
